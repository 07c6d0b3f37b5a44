/* "Try it": an exercise with its gap in an editor, judged, with hints in steps; what was tried and
   solved is remembered by the browser, and nowhere else. */
import { editor } from "./editor.js";
import { Bar, Printed, faultBox, make, rich, why } from "./parts.js";

const KEPT = "bp-progress"; // path → {total, done: [fences], tried: [fences]}; boot.js shows it

function remember(kind, fence) {
  try {
    const all = JSON.parse(localStorage.getItem(KEPT)) || {};
    const total = document.querySelectorAll(".bp-exercise").length;
    const mine = all[location.pathname] || { done: [], tried: [] };
    mine.total = total;
    for (const list of kind === "done" ? ["done", "tried"] : ["tried"]) {
      if (!mine[list].includes(fence)) mine[list].push(fence);
    }
    localStorage.setItem(KEPT, JSON.stringify({ ...all, [location.pathname]: mine }));
  } catch { /* a browser that keeps nothing */ }
}

export async function exercise(block, steps, { engine, say, lang, limit }) {
  const step = steps[steps.length - 1];
  const button = block.querySelector(":scope > .bp-try");
  const still = block.querySelector(":scope > .highlight, :scope > pre");
  const host = make("div", { class: "bp-editor" });
  const printed = new Printed(say);
  const result = make("div", { class: "bp-result" });
  const details = (title, open, ...inside) => {
    const box = make("details", { class: "bp-step-open" }, make("summary", {}, title), ...inside);
    box.addEventListener("toggle", () => box.open && open());
    return box;
  };
  const check = async () => {
    const text = area.text;
    const fence = block.dataset.fence;
    const { check: call, at, wanted } = step;
    const request = { what: "exercise", lang, steps: steps.slice(0, -1), code: text, check: call, at, wanted };
    if (bar.asks(request)) return;
    printed.clear();
    result.replaceChildren();
    area.mark(0);
    const mark = (line) => area.text === text && area.mark(line);
    try {
      const answer = await bar.ask(engine, request, { seconds: limit(), print: printed.print });
      if (!answer) return;
      printed.flush();
      printed.lost(answer.lost);
      remember(answer.ok ? "done" : "tried", fence);
      const { fault } = answer;
      if (answer.ok) {
        result.append(make("p", { class: "bp-verdict bp-ok bp-judged" }, say("solved")));
        block.classList.add("bp-solved");
      } else if (/^\s*\.\.\.\s*$/m.test(text)) {
        result.append(make("p", { class: "bp-fault", role: "alert" }, say("fill")));
      } else if (fault) {
        result.append(faultBox(fault, say, say("this_code")));
        if (fault.where === "code") mark(fault.line);
      } else {
        result.append(make("div", { class: "bp-verdict bp-no", role: "alert" },
          make("p", { class: "bp-judged" }, say("not_solved")),
          details(say("step_line"), () => mark(answer.line || 0),
            make("p", {}, answer.line ? say("line_is", { line: answer.line }) : say("line_none"))),
          details(say("step_what"), () => {}, rich("p", answer.what)),
          answer.message === answer.what ? null
            : details(say("step_fix"), () => {}, rich("p", answer.message))));
      }
    } catch (error) {
      printed.flush();
      result.append(make("p", { class: "bp-fault", role: "alert" }, why(error, say, limit())));
    }
  };
  const bar = new Bar(say, {
    run: say("check"), onRun: check, reset: say("reset"),
    onReset: () => {
      bar.halt();
      desk.remove();
      still.hidden = false;
      button.hidden = false;
      button.focus();
    },
  });
  const desk = make("div", { class: "bp-desk", "data-search-exclude": true }, host, bar.element, printed.pre, result);
  still.hidden = true;
  button.hidden = true;
  still.after(desk);
  const area = editor(host, { text: step.gap, label: say("code"), help: say("leave"), onRun: check });
  area.focus();
}
