/* Marks beside rows and lines: what they say is shown while they are pointed at or focused, and
 * what else is the same gradient lights up: rows of a derivation, lines of code, wires of a graph.
 * They know each other by data-same, the function and the name of the gradient.
 */
(() => {
  "use strict";

  const MARK = ".bp-mark, .bp-check";
  const ITEM = ".bp-figure :is(.bp-wire, .bp-line)";
  let shown = null; // the mark that is explained,
  let box = null; // in which box,
  let kept = false; // and also when the pointer leaves it
  let note = null; // the box of the marks that have none of their own

  /** The mark of what is pointed at: that of the whole line for a line of code. */
  function markAt(target) {
    if (!(target instanceof Element)) return null;
    const line = target.closest(".bp-checked code > span");
    return target.closest(MARK) || (line && line.querySelector(".bp-check"));
  }

  function boxOf(mark) {
    if (mark.popoverTargetElement) return mark.popoverTargetElement;
    if (!note || !note.isConnected) {
      note = document.createElement("div");
      note.className = "bp-mark-why";
      note.popover = "manual";
      document.body.append(note);
    }
    // What a row of a derivation says of this gradient, it says of this line.
    const row = document.querySelector(`.bp-mark[data-same="${CSS.escape(mark.dataset.same)}"] + * .bp-is`);
    const words = document.createElement("span");
    words.textContent = mark.getAttribute("aria-label");
    note.replaceChildren(words, ...(row ? [row.cloneNode(true)] : []));
    return note;
  }

  /** Below the mark, or above it where there is no room, and never beyond the screen. */
  function place(mark) {
    const at = mark.getBoundingClientRect();
    Object.assign(box.style, { inset: "auto", margin: "0", positionArea: "none" });
    const { width, height } = box.getBoundingClientRect();
    const room = document.documentElement.clientWidth - width - 8;
    const below = at.bottom + 6 + height <= innerHeight;
    box.style.left = `${Math.max(8, Math.min(room, (at.left + at.right - width) / 2))}px`;
    box.style.top = `${below ? at.bottom + 6 : Math.max(8, at.top - height - 6)}px`;
  }

  function hide() {
    if (shown) {
      box.hidePopover();
      delete shown.dataset.pressed;
    }
    shown = null;
    kept = false;
    light(null);
  }

  function show(mark, keep) {
    if (mark === shown) {
      kept = kept || keep;
      return;
    }
    hide();
    box = boxOf(mark);
    if (!box.showPopover) return; // an old browser: the words are in the title
    mark.removeAttribute("title");
    box.showPopover();
    place(mark);
    shown = mark;
    kept = keep;
    light(mark.dataset.same, mark);
  }

  /** Everything on the page that is a gradient of a function, but for what lies in one element. */
  function light(same, but) {
    document.querySelectorAll(".bp-same").forEach((each) => each.classList.remove("bp-same"));
    if (!same) return;
    for (const mark of document.querySelectorAll(`[data-same="${CSS.escape(same)}"]`)) {
      const row = mark.closest("mjx-mtr") || mark.closest(".bp-checked code > span") || mark;
      if (mark !== but) row.classList.add("bp-same");
    }
    const [name, gradient] = same.split(" ");
    for (const figure of document.querySelectorAll(`.bp-figure[data-function="${CSS.escape(name)}"]`)) {
      if (figure === but) continue;
      const by = `[data-gradient="${CSS.escape(gradient)}"]`;
      const steps = [...figure.querySelectorAll(`.bp-step${by}[data-code]`)];
      // The step that adds all parts up, if there is one: its parts are what comes back to a node.
      const sum = steps.find((step) => !step.dataset.user && step.dataset.upstream === undefined);
      // One that is passed on unchanged has the name of where it comes from.
      const named = figure.querySelector(`.bp-wire${by}`) || sum;
      const found = [named ? `.bp-wire${by}` : `.bp-wire[data-gradient][data-node="${CSS.escape(gradient.slice(1))}"]`];
      if (sum) found.push(`:is(.bp-node, .bp-wire[data-gradient])[data-node="${CSS.escape(sum.dataset.node)}"]`);
      const step = sum || steps[0];
      if (step) found.push(`.bp-line[data-code="${step.dataset.code}"]`);
      figure.querySelectorAll(found.join()).forEach((each) => each.classList.add("bp-same"));
    }
  }

  /** In a figure: what a wire carries, what a line of the derived backward makes. */
  function inFigure(target) {
    const item = target instanceof Element && target.closest(ITEM);
    const figure = item && item.closest(".bp-figure[data-function]");
    if (!figure) return;
    const code = item.dataset.code;
    const step = code === undefined ? item : figure.querySelector(`.bp-step[data-code="${code}"][data-gradient]`);
    const gradient = step && step.dataset.gradient;
    light(gradient && `${figure.dataset.function} ${gradient}`, figure);
  }

  function at(target, keep) {
    const mark = markAt(target);
    if (mark) show(mark, keep);
    else if (!shown || target.closest(ITEM) || !(kept || box.contains(target))) {
      hide();
      inFigure(target);
    }
  }

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch") at(event.target, false);
  });
  document.addEventListener("focusin", (event) => {
    if (markAt(event.target)) at(event.target, true);
    else {
      hide();
      inFigure(event.target);
    }
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("click", (event) => {
    const mark = markAt(event.target);
    if (!mark) {
      if (shown && !box.contains(event.target)) hide();
      if (!shown) inFigure(event.target);
    } else if (mark.matches(".bp-mark") && shown === mark && mark.dataset.pressed) {
      event.preventDefault();
      hide();
    } else {
      event.preventDefault(); // the browser would close what is open already
      show(mark, true);
      mark.dataset.pressed = "1";
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown) hide();
  });
  addEventListener("scroll", () => shown && place(shown), { passive: true, capture: true });
})();
