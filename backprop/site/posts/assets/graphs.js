/* Steps through the figure of a graph: forward, then backward, node by node.
 *
 * Everything it needs stands in the page. A step is an <li>; what belongs to it is found by the
 * data attributes that nodes, wires and lines of code carry too:
 *   data-node      the value that a node computes and a wire carries
 *   data-user      the node at the other end of a wire
 *   data-gradient  the gradient that comes back on it
 *   data-line      the line of the forward code; data-code  the line of the backward code
 */
(() => {
  "use strict";

  const by = (name, value) => `[data-${name}="${CSS.escape(value)}"]`;

  /** The elements that belong to a step. */
  function partsOf(figure, step, steps) {
    const { node, user, gradient, line, code } = step.dataset;
    const selectors = [];
    if (line !== undefined) selectors.push(`.bp-line${by("line", line)}`);
    if (code !== undefined) selectors.push(`.bp-line${by("code", code)}`);
    if (gradient === undefined) {
      selectors.push(`.bp-operation${by("node", node)}`, `.bp-wire${by("node", node)}`);
    } else if (step.dataset.upstream !== undefined) {
      selectors.push(`.bp-output${by("node", node)}`, `.bp-wire${by("gradient", gradient)}`);
    } else if (user !== undefined) {
      selectors.push(
        `.bp-operation${by("node", user)}`,
        `.bp-wire${by("gradient", gradient)}${by("user", user)}`,
      );
      // A gradient that another node passes on unchanged has no step of its own there.
      const stepped = steps.filter((each) => each.dataset.gradient === gradient && each.dataset.user);
      const others = stepped.map((each) => `:not(${by("user", each.dataset.user)})`).join("");
      selectors.push(`.bp-wire${by("gradient", gradient)}${others}`);
    } else {
      selectors.push(`.bp-node${by("node", node)}`, `.bp-wire${by("node", node)}[data-gradient]`);
    }
    return [...figure.querySelectorAll(selectors.join(","))];
  }

  function start(figure) {
    const $ = (selector) => figure.querySelector(selector);
    const all = (selector) => [...figure.querySelectorAll(selector)];
    const steps = all(".bp-step");
    const parts = steps.map((step) => partsOf(figure, step, steps));
    const owners = new Map(); // element → indices of the steps it belongs to
    parts.forEach((elements, index) =>
      elements.forEach((each) => owners.set(each, [...(owners.get(each) || []), index])),
    );
    const count = steps.filter((step) => step.dataset.gradient === undefined).length;
    const [slider, counter, said] = [$(".bp-slider"), $(".bp-count"), $(".bp-said")];
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let current = 0; // 0: the whole graph
    let walking = false;

    /** The steps whose parts light up with an element: for a wire that carries a gradient, the
     *  step that computes it. */
    function lights(element) {
      const steps_ = owners.get(element) || [];
      const gradient = element.classList.contains("bp-wire") && element.dataset.gradient;
      const own = steps_.filter(
        (index) => steps[index].dataset.gradient === gradient && steps[index].dataset.user,
      );
      return own.length ? own : steps_;
    }

    function light(element) {
      all(".bp-lit").forEach((each) => each.classList.remove("bp-lit"));
      if (!element) return;
      element.classList.add("bp-lit");
      lights(element).forEach((index) => parts[index].forEach((e) => e.classList.add("bp-lit")));
    }

    function reveal(elements) {
      const visible = elements.filter((each) => each.getClientRects().length);
      const behavior = calm.matches ? "auto" : "smooth";
      const drawn = visible.filter((each) => each instanceof SVGElement);
      for (const scroll of all(".bp-scroll")) {
        const inside = drawn.filter((each) => scroll.contains(each));
        if (!inside.length) continue;
        const boxes = inside.map((each) => each.getBoundingClientRect());
        const left = Math.min(...boxes.map((box) => box.left));
        const right = Math.max(...boxes.map((box) => box.right));
        const frame = scroll.getBoundingClientRect();
        if (left < frame.left || right > frame.right) {
          const middle = (left + right) / 2 - (frame.left + frame.right) / 2;
          scroll.scrollTo({ left: scroll.scrollLeft + middle, behavior });
        }
        // Where the drawing is higher than the screen, bring the step into view below the bar.
        const top = Math.min(...boxes.map((box) => box.top));
        const bottom = Math.max(...boxes.map((box) => box.bottom));
        const covered = $(".bp-stepper").getBoundingClientRect().bottom;
        const ceiling = Math.max(0, Math.min(covered, innerHeight * 0.6)) + 12;
        if (frame.height > innerHeight * 0.6 && (top < ceiling || bottom > innerHeight - 12)) {
          scrollBy({ top: top - ceiling - 40, behavior });
        }
      }
    }

    function show(index, walk, scroll) {
      current = Math.max(0, Math.min(steps.length, index));
      walking = walk && current > 0;
      const back = current > count;
      figure.classList.toggle("bp-on", current > 0);
      figure.classList.toggle("bp-walking", walking);
      figure.classList.toggle("bp-forth", current > 0 && !back);
      figure.classList.toggle("bp-back", back);
      all(".bp-now").forEach((each) => {
        each.classList.remove("bp-now");
        each.removeAttribute("aria-current");
      });
      if (current > 0) {
        const now = [steps[current - 1], ...parts[current - 1]];
        now.forEach((each) => each.classList.add("bp-now"));
        now.slice(1).forEach((each) => each.setAttribute("aria-current", "step"));
      }
      all(".bp-graph [data-step], .bp-graph [data-back]").forEach((each) => {
        each.classList.toggle("bp-later", Number(each.dataset.step || 0) > current);
        each.classList.toggle("bp-unborn", Number(each.dataset.back || 0) > current);
      });
      // A line of code is there from the first step that belongs to it and to its own side.
      for (const [line, own] of owners) {
        if (!line.classList.contains("bp-line")) continue;
        const first = line.dataset.code === undefined ? own[0] : own[own.length - 1];
        line.classList.toggle("bp-unborn", first >= current);
      }
      slider.value = String(current);
      counter.value = `${current} / ${steps.length}`;
      if (figure.classList.contains("bp-live")) tell();
      $('[data-go="previous"]').setAttribute("aria-disabled", String(current === 0));
      $('[data-go="next"]').setAttribute("aria-disabled", String(current === steps.length));
      $('[data-go="whole"]').setAttribute("aria-disabled", String(current === 0));
      if (current && scroll) reveal(parts[current - 1]);
    }

    /** Say the step to those who listen. */
    function tell() {
      const text = $(current ? ".bp-now .bp-told" : ".bp-intro").innerText;
      const spoken = text.replace(/\s+/g, " ").trim();
      const pattern = figure.dataset.say.replace("{n}", current).replace("{total}", steps.length);
      const sentence = current ? pattern.replace("{text}", () => spoken) : spoken;
      said.textContent = sentence;
      slider.setAttribute("aria-valuetext", current ? sentence : counter.value);
    }

    const go = {
      previous: () => show(current - 1, true, true),
      next: () => show(current + 1, true, true),
      whole: () => show(0, false, false),
    };

    /** Choose the step of an element: while the forward pass is walked, that of its value. */
    function choose(element) {
      const own = lights(element);
      if (!own.length) return;
      const forward = (owners.get(element) || []).filter((index) => index < count);
      const index = walking && current <= count && forward.length ? forward[forward.length - 1] : own[0];
      show(index + 1, walking, false);
      light(element);
    }

    // Groups of which one element at a time can be reached with the Tab key, the others with ↑ ↓.
    const groups = [];
    for (const svg of all(".bp-graph")) {
      // The title would be a tooltip wherever the mouse rests.
      const title = svg.querySelector("title");
      svg.setAttribute("role", "group");
      svg.setAttribute("aria-label", title.textContent);
      title.remove();
      for (const wire of svg.querySelectorAll(".bp-wire")) {
        const hit = wire.querySelector("path").cloneNode();
        hit.setAttribute("class", "bp-hit");
        wire.append(hit);
      }
      const items = [];
      for (const node of svg.querySelectorAll(".bp-node")) {
        const into = by("user", node.dataset.node);
        const kind = node.classList.contains("bp-output") ? [] : svg.querySelectorAll(`.bp-wire${into}`);
        items.push(...[...kind].filter((wire) => !items.includes(wire)), node);
      }
      groups.push(items);
    }
    for (const code of all(".bp-code")) {
      code.querySelector("pre").removeAttribute("tabindex");
      groups.push([...code.querySelectorAll(".bp-line")]);
    }
    const groupOf = new Map();
    for (const group of groups) {
      const active = group.filter((each) => owners.has(each));
      active.forEach((each, at) => {
        each.setAttribute("tabindex", at ? "-1" : "0");
        each.setAttribute("role", "button");
        if (each instanceof SVGElement) {
          const text = each.textContent.replace(/\s+/g, " ").trim();
          const name = each.matches(".bp-node") ? `${each.dataset.node} ${text}` : text;
          each.setAttribute("aria-label", name);
        }
        groupOf.set(each, active);
      });
    }

    function itemAt(target) {
      const item = target instanceof Element && target.closest(".bp-node, .bp-wire, .bp-line");
      return item && owners.has(item) ? item : null;
    }

    function move(item, key) {
      const group = groupOf.get(item).filter((each) => each.getClientRects().length);
      const last = group.length - 1;
      const at = group.indexOf(item);
      const wanted = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last }[key];
      const next = group[Math.max(0, Math.min(last, wanted))];
      groupOf.get(item).forEach((each) => each.setAttribute("tabindex", each === next ? "0" : "-1"));
      next.focus();
    }

    figure.addEventListener("click", (event) => {
      const button = event.target.closest("[data-go]");
      if (button && button.getAttribute("aria-disabled") !== "true") go[button.dataset.go]();
      const item = itemAt(event.target);
      if (item) choose(item);
    });
    slider.addEventListener("input", () => show(Number(slider.value), true, true));
    figure.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const item = itemAt(event.target);
      const key = event.key;
      let done = true;
      if (key === "Escape") go.whole();
      else if (event.target === slider) done = false;
      else if (key === "ArrowRight") go.next();
      else if (key === "ArrowLeft") go.previous();
      else if (item && (key === "Enter" || key === " ")) choose(item);
      else if (item && ["ArrowUp", "ArrowDown", "Home", "End"].includes(key)) move(item, key);
      else done = false;
      if (done) {
        event.preventDefault();
        event.stopPropagation();
      }
    });
    figure.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch") light(itemAt(event.target));
    });
    figure.addEventListener("pointerleave", () => light(itemAt(document.activeElement)));
    figure.addEventListener("focusin", (event) => light(itemAt(event.target)));
    figure.addEventListener("focusout", () => light(null));
    show(0, false, false);
    slider.setAttribute("aria-valuetext", counter.value);
    figure.classList.add("bp-live");
  }

  function startAll() {
    document.querySelectorAll(".bp-figure:not(.bp-live)").forEach(start);
  }

  // Material replaces the page without loading it and says so by this observable, which may come
  // into being after this script.
  const follow = () => window.document$.subscribe(startAll);
  document.addEventListener("bp-material", follow, { once: true });
  if (window.document$) follow();
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
