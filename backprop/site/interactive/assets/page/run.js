/* "Run": a fence of the page in an editor, its program before it, what it prints beneath. */
import { editor } from "./editor.js";
import { Bar, Printed, faultBox, make, why } from "./parts.js";

export function runner(block, steps, { engine, say, lang, limit }) {
  const step = steps[steps.length - 1];
  const button = block.querySelector(":scope > .bp-try");
  const still = [...block.children].filter((each) => each !== button);
  const host = make("div", { class: "bp-editor" });
  const printed = new Printed(say);
  const result = make("div", { class: "bp-result" });
  const run = async () => {
    const text = area.text;
    const request = { what: "run", lang, steps: [...steps.slice(0, -1), { ...step, code: text }] };
    if (bar.asks(request)) return;
    printed.clear();
    result.replaceChildren();
    area.mark(0);
    try {
      const answer = await bar.ask(engine, request, { seconds: limit(), print: printed.print });
      if (!answer) return;
      printed.flush();
      printed.lost(answer.lost);
      const { fault } = answer;
      if (fault) {
        result.append(faultBox(fault, say, say("this_code")));
        if (fault.where === "code" && area.text === text) area.mark(fault.line);
      } else {
        const done = answer.right === false ? say("differs") : answer.note;
        result.append(make("p", { class: "bp-done" }, done || (printed.pre.hidden ? say("silent") : say("ran"))));
      }
    } catch (error) {
      printed.flush();
      result.append(make("p", { class: "bp-fault", role: "alert" }, why(error, say, limit())));
    }
  };
  const bar = new Bar(say, {
    run: say("run"), onRun: run,
    reset: say("reset"), onReset: () => {
      bar.halt();
      desk.remove();
      still.forEach((each) => (each.hidden = false));
      button.hidden = false;
      button.focus();
      delete block.bpDesk;
    },
  });
  const desk = make("div", { class: "bp-desk", "data-search-exclude": true }, host, bar.element, printed.pre, result);
  still.forEach((each) => (each.hidden = true));
  button.hidden = true;
  block.append(desk);
  const area = editor(host, { text: step.code, label: say("code"), help: say("leave"), onRun: run });
  area.focus();
  block.bpDesk = desk;
  return run();
}
