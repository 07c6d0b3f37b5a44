/* "Change it": a figure whose forward, shapes and values the reader edits in place; the figure is
   made anew by the code that made it. */
import { editor } from "./editor.js";
import { Bar, faultBox, make, why } from "./parts.js";

const PAUSE = 150; // milliseconds without a key until it is drawn anew

/** A table of inputs for a small array; `changed(nested lists)`. */
function entries(name, value, changed) {
  const rows = Array.isArray(value) ? (Array.isArray(value[0]) ? value : [value]) : [[value]];
  if (rows.some((row) => row.some((each) => Array.isArray(each)))) return null; // three axes or more
  const grid = make("div", { class: "bp-entries" });
  grid.style.gridTemplateColumns = `repeat(${rows[0].length}, minmax(2.9rem, 4.6rem))`;
  const inputs = rows.map((row, i) => row.map((each, j) => {
    const input = make("input", {
      type: "number", step: "any", value: String(Math.round(each * 1e4) / 1e4),
      "aria-label": `${name}[${Array.isArray(value) ? (Array.isArray(value[0]) ? `${i}, ${j}` : j) : ""}]`,
      oninput: () => {
        if (input.value === "") return; // a number that is still being written, such as -
        input.exact = Number(input.value);
        changed(read());
      },
    });
    input.exact = each; // what is shown is rounded; what nobody touches stays exact
    grid.append(input);
    return input;
  }));
  const read = () => {
    const all = inputs.map((row) => row.map((input) => input.exact));
    return Array.isArray(value) ? (Array.isArray(value[0]) ? all : all[0]) : all[0][0];
  };
  return make("fieldset", {}, make("legend", {}, make("code", {}, `${name} =`)), grid);
}

export async function change(figure, steps, { engine, say, lang, limit }) {
  const button = figure.querySelector(":scope > .bp-try");
  button.hidden = true;
  const call = steps[steps.length - 1].code;
  const before = steps.slice(0, -1);
  let now = figure;
  const host = make("div", { class: "bp-editor" });
  const shapes = make("input", { class: "bp-shapes", spellcheck: "false", autocapitalize: "off", "aria-label": say("shapes") });
  const arrays = make("div", { class: "bp-arrays" });
  const result = make("div", {});
  let area = null;
  let values = null; // name → nested lists, once an entry was changed
  let first = "";
  let shown = ""; // the shapes as they were last drawn

  const draw = async () => {
    const own = shapes.value.trim();
    const anew = own !== shown && own !== first; // other shapes have other entries
    if (anew) values = null;
    const text = area ? area.text : null;
    const request = {
      what: "graph", lang, steps: before, call, source: text,
      arguments: own === first || !area ? "" : own, entries: values,
    };
    if (bar.asks(request)) return;
    result.replaceChildren();
    try {
      const answer = await bar.ask(engine, request, { seconds: limit() });
      if (!answer) return;
      if (area) area.mark(0);
      if (answer.fault) {
        result.append(faultBox(answer.fault, say, say("this_code")));
        if (answer.fault.where === "code" && area?.text === text) area.mark(answer.fault.line);
        return;
      }
      const box = document.createElement("template");
      box.innerHTML = answer.html;
      const fresh = box.content.querySelector(".bp-figure");
      if (area) {
        const caption = figure.querySelector(":scope > figcaption");
        if (caption && !fresh.querySelector(":scope > figcaption")) fresh.append(caption.cloneNode(true));
        now.replaceWith(fresh);
        now = fresh;
        document.dispatchEvent(new Event("bp-figures"));
      }
      if (!values) {
        arrays.replaceChildren(...Object.entries(answer.entries)
          .map(([name, value]) => entries(name, value, (changed) => {
            values = { ...(values || {}), [name]: changed };
            soon();
          })).filter(Boolean));
      }
      if (area) shown = own;
      else open(answer);
    } catch (error) {
      result.append(make("p", { class: "bp-fault", role: "alert" }, why(error, say, limit())));
    }
  };
  // With the first figure that is drawn: until then there is no function to edit.
  const open = (answer) => {
    first = shown = shapes.value = answer.arguments;
    area = editor(host, { text: answer.source, label: say("code"), help: say("leave"), onChange: soon, onRun: draw });
    shapes.addEventListener("input", soon);
    area.focus();
  };
  let later = 0;
  const soon = () => {
    clearTimeout(later);
    later = setTimeout(draw, PAUSE);
  };
  const bar = new Bar(say, {
    run: say("draw"), onRun: draw, reset: say("reset"),
    onReset: () => {
      clearTimeout(later);
      bar.halt();
      desk.remove();
      now.replaceWith(figure);
      button.hidden = false;
      button.focus();
    },
  });
  const desk = make("div", { class: "bp-change", role: "group", "aria-label": say("change"), "data-search-exclude": true },
    host, make("p", {}, make("label", {}, `${say("shapes")} `, shapes)), arrays, bar.element, result);
  figure.after(desk);
  return draw();
}
