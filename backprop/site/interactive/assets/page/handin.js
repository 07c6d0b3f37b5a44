/* "Hand it in": two editors, shapes, and a verdict that opens step by step. */
import { editor } from "./editor.js";
import { Bar, Printed, faultBox, make, rich, why } from "./parts.js";

const KEPT = "bp-hand-in";

/* ── what the address and the browser keep ── */
async function squeezed(text, way) {
  const stream = new Blob([text]).stream().pipeThrough(way);
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function toHash(state) {
  const packed = await squeezed(JSON.stringify(state), new CompressionStream("deflate-raw"));
  const text = btoa(Array.from(packed, (byte) => String.fromCharCode(byte)).join(""));
  return "#code=" + text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

async function fromHash(hash) {
  if (!hash.startsWith("#code=")) return null;
  try {
    const text = atob(hash.slice(6).replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    const raw = await squeezed(bytes, new DecompressionStream("deflate-raw"));
    const state = JSON.parse(new TextDecoder().decode(raw));
    const { forward, backward, arguments: args } = state;
    return [forward, backward, args].every((each) => typeof each === "string") ? state : null;
  } catch {
    return null; // an address that was cut off on its way
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

/* ── the verdict ── */
function step(title, open, ...inside) {
  const details = make("details", { class: "bp-step-open" }, make("summary", {}, title), ...inside);
  details.addEventListener("toggle", () => details.open && open && open());
  return details;
}

const code = (text, extra = "") => make("pre", { class: `bp-source ${extra}`, tabindex: "0" }, text);

function table({ rows, columns, verdicts }, say) {
  const head = columns.map((title) => make("th", { scope: "col" }, title || say("verdict")));
  const body = rows.map((row, i) => make("tr", { class: `bp-row-${row.status}` },
    make("td", {}, String(row.line)), make("th", { scope: "row" }, make("code", {}, row.name)),
    make("td", {}, row.shape ? `(${row.shape.join(", ")}${row.shape.length === 1 ? "," : ""})` : ""),
    make("td", {}, row.node ? make("code", {}, row.node) : ""),
    make("td", {}, ({ right: "✓ ", wrong: "✗ " }[row.status] || "") + verdicts[i])));
  return make("div", { class: "bp-scroll-x", tabindex: "0", role: "group", "aria-label": say("table") },
    make("table", { class: "bp-rows" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body)));
}

function verdict(found, say, asked, mark) {
  const box = make("div", { class: `bp-verdict ${found.ok ? "bp-ok" : "bp-no"}` },
    make("p", { class: "bp-judged" }, found.ok ? say("right") : say("wrong")));
  const mistake = found.mistakes[0];
  const own = found.file === "forward.py" ? "forward" : "backward";
  if (!found.ok && mistake) {
    box.append(step(say("step_where"), () => mark(own, found.line),
      rich("p", found.told.variable), mistake.code ? code(mistake.code) : ""));
    box.append(step(say("step_hint"), null, rich("p", found.told.hint)));
    const fix = make("div", {}, rich("p", found.told.fix));
    if (mistake.change) fix.append(make("p", {}, say("change_to")), code(mistake.change));
    if (mistake.expected && mistake.expected !== mistake.change) fix.append(make("p", {}, say("expected")), code(mistake.expected));
    box.append(step(say("step_fix"), null, fix));
  }
  if (found.notes.length) {
    box.append(step(say("step_notes", { count: found.notes.length }), null,
      make("ul", {}, ...found.notes.map((note) => rich("li", note)))));
  }
  if (found.derived) {
    box.append(step(say("step_derived"), null, make("div", { class: "bp-desk-beside" },
      make("div", {}, make("p", {}, say("own")), code(asked[own])),
      make("div", {}, make("p", {}, say("derived")), code(found.derived)))));
  }
  if (found.drawing) {
    const picture = make("div", { class: "bp-scroll-x bp-drawing", tabindex: "0", role: "group", "aria-label": say("step_drawing") });
    box.append(step(say("step_drawing"), () => draw(picture, found), picture));
  }
  if (found.rows.length) box.append(step(say("step_table"), null, table(found, say)));
  box.append(step(say("step_report"), null, code(found.text, "bp-report-text")));
  return box;
}

/* The drawing brings a style of its own, which may stand only in a shadow root under the policy. */
function draw(host, found) {
  if (host.shadowRoot) return;
  const root = host.attachShadow({ mode: "open" });
  const styles = [];
  const drawing = found.drawing.replace(/<style>([^]*?)<\/style>/g, (_, text) => (styles.push(text), ""));
  const parsed = new DOMParser().parseFromString(drawing, "image/svg+xml").documentElement;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles.join("\n").replace(/&(gt|lt|amp|quot);/g, (_, name) => ({ gt: ">", lt: "<", amp: "&", quot: '"' })[name]));
  root.adoptedStyleSheets = [sheet];
  root.append(document.importNode(parsed, true));
}

/* ── the desk ── */
export async function handIn(form, { engine, say, lang, limit, examples }) {
  const field = (name) => form.querySelector(`[name="${name}"]`);
  const state = (await fromHash(location.hash)) || stored();
  const texts = {};
  // What was typed while this was still coming is newer than what is kept.
  const typed = (name) => field(name).value !== field(name).defaultValue;
  for (const name of ["forward", "backward", "arguments"]) texts[name] = state && !typed(name) ? state[name] : field(name).value;
  field("arguments").value = texts.arguments;
  const output = form.querySelector(".bp-answer");
  const areas = {};
  const current = () => ({ forward: areas.forward.text, backward: areas.backward.text, arguments: field("arguments").value, lang });

  let later = 0;
  const changed = () => {
    clearTimeout(later);
    later = setTimeout(keep, 400);
  };
  const keep = async () => {
    const now = current();
    const hash = await toHash(now);
    history.replaceState(history.state, "", hash);
    try {
      localStorage.setItem(KEPT, JSON.stringify(now));
    } catch { /* a browser that keeps nothing: the address has it */ }
  };

  const check = async () => {
    const asked = current();
    const request = { what: "check", ...asked };
    if (bar.asks(request)) return;
    output.replaceChildren();
    printed.clear();
    areas.forward.mark(0);
    areas.backward.mark(0);
    clearTimeout(later);
    await keep();
    if (bar.asks(request)) return; // tapped twice meanwhile
    // A line that was edited since is another line.
    const mark = (name, line) => areas[name].text === asked[name] && areas[name].mark(line);
    try {
      const found = await bar.ask(engine, request, { seconds: limit(), print: printed.print });
      if (!found) return;
      printed.flush();
      printed.lost(found.lost);
      if (found.fault) {
        const where = found.fault.where in areas ? found.fault.where : "";
        if (where) mark(where, found.fault.line);
        output.append(faultBox(found.fault, say, where ? say(where) : ""));
      } else output.append(verdict(found, say, asked, mark));
    } catch (error) {
      printed.flush();
      output.append(make("p", { class: "bp-fault", role: "alert" }, why(error, say, limit())));
    }
  };

  const active = document.activeElement;
  for (const name of ["forward", "backward"]) {
    const still = field(name);
    const host = make("div", { class: "bp-editor" });
    still.before(host);
    still.hidden = true;
    areas[name] = editor(host, { text: texts[name], label: say(name), help: say("leave"), onChange: changed, onRun: check });
    if (still === active) areas[name].focus(still.value === texts[name] ? still.selectionEnd : 0);
    still.value = still.defaultValue; // or else a browser that is told to load anew fills it in again
  }
  const printed = new Printed(say);
  const bar = new Bar(say, { run: say("check"), onRun: check });
  form.querySelector(".bp-submit").replaceWith(bar.element);
  if (active?.matches(".bp-submit")) bar.element.querySelector(".bp-go").focus();
  output.before(printed.pre);
  field("arguments").addEventListener("input", changed);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  form.addEventListener("bp-check", check);
  const choose = field("example");
  const take = () => {
    const example = examples[choose.value];
    if (!example) return;
    bar.halt();
    for (const name of ["forward", "backward"]) areas[name].text = example[name];
    field("arguments").value = example.arguments;
    output.replaceChildren();
    printed.clear();
    changed();
  };
  choose.addEventListener("change", take);
  if (!state && choose.value !== choose.querySelector("[selected]")?.value) take();
  addEventListener("hashchange", async () => {
    const other = form.isConnected && (await fromHash(location.hash));
    if (!other || JSON.stringify(other) === JSON.stringify(current())) return;
    areas.forward.text = other.forward;
    areas.backward.text = other.backward;
    field("arguments").value = other.arguments;
    output.replaceChildren();
  });
  // The other language of this page gets the same code.
  document.addEventListener("click", (event) => {
    const link = form.isConnected && event.target.closest?.("a[hreflang]");
    if (link && /\/check\/?$/.test(link.pathname)) link.hash = location.hash;
  }, true);
}
