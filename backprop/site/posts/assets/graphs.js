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

  const players = new Map(); // figure → what can be done with it
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
    let playing = 0; // the timer of a figure that steps by itself
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

    /** Scroll what is inside a box, so that elements of it can be seen. */
    function center(box, inside) {
      const rects = inside.map((each) => each.getBoundingClientRect());
      if (!rects.length) return;
      const frame = box.getBoundingClientRect();
      const across = [Math.min(...rects.map((r) => r.left)), Math.max(...rects.map((r) => r.right))];
      const down = [Math.min(...rects.map((r) => r.top)), Math.max(...rects.map((r) => r.bottom))];
      const to = {};
      if (across[0] < frame.left || across[1] > frame.right) {
        to.left = box.scrollLeft + (across[0] + across[1] - frame.left - frame.right) / 2;
      }
      if (down[0] < frame.top + 20 || down[1] > frame.bottom - 20) {
        to.top = box.scrollTop + (down[0] + down[1] - frame.top - frame.bottom) / 2;
      }
      if ("left" in to || "top" in to) box.scrollTo(to);
    }

    /** Bring what belongs to the step into view: in its boxes, then on the screen. */
    function reveal(elements) {
      const visible = elements.filter((each) => each.getClientRects().length);
      const behavior = calm.matches ? "auto" : "smooth";
      for (const box of all(".bp-scroll, .bp-code pre")) {
        center(box, visible.filter((each) => box.contains(each)));
      }
      const frame = figure.getBoundingClientRect();
      const head = $(".bp-stepper").getBoundingClientRect();
      const top = parseFloat(getComputedStyle($(".bp-stepper")).top) || 0;
      if (frame.height <= innerHeight - top) {
        if (frame.top < top) scrollBy({ top: frame.top - top - 8, behavior });
        else if (frame.bottom > innerHeight) {
          scrollBy({ top: Math.min(frame.bottom - innerHeight + 8, frame.top - top), behavior });
        }
        return;
      }
      // Higher than the screen: what is drawn first, below the steps, which stay in sight.
      const drawn = visible.filter((each) => each instanceof SVGElement);
      const spread = (elements) => {
        const boxes = elements.map((each) => each.getBoundingClientRect());
        return [Math.min(...boxes.map((box) => box.top)), Math.max(...boxes.map((box) => box.bottom))];
      };
      const room = innerHeight - top - head.height - 24;
      let [first, last] = spread(visible);
      if (last - first > room && drawn.length) [first, last] = spread(drawn);
      if (!visible.length) return;
      const ceiling = Math.max(top, Math.min(head.top, innerHeight - 24 - head.height - (last - first)));
      const edge = ceiling + head.height + 12;
      if (first < edge) scrollBy({ top: first - edge - 8, behavior });
      else if (last > innerHeight - 12) scrollBy({ top: last - innerHeight + 28, behavior });
    }

    function show(index, walk, scroll) {
      current = Math.max(0, Math.min(steps.length, index));
      figure.dispatchEvent(new Event("bp-shown"));
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
        each.classList.toggle("bp-sent", walking && Number(each.dataset.back || 1e9) <= current);
      });
      // A line of code is there from the first step that belongs to it and to its own side.
      for (const [line, own] of owners) {
        if (!line.classList.contains("bp-line")) continue;
        const first = line.dataset.code === undefined ? own[0] : own[own.length - 1];
        line.classList.toggle("bp-unborn", first >= current);
      }
      slider.value = String(current);
      counter.value = `${current} / ${steps.length}`;
      if (figure.classList.contains("bp-live") && !playing) tell();
      $('[data-go="previous"]').setAttribute("aria-disabled", String(current === 0));
      $('[data-go="next"]').setAttribute("aria-disabled", String(current === steps.length));
      $('[data-go="whole"]').setAttribute("aria-disabled", String(current === 0));
      if (current && scroll) reveal(parts[current - 1]);
      if (figure.classList.contains("bp-live") && !playing) address();
    }

    /** The page's address is that of the step, so that it can be linked to. */
    function address() {
      const id = current ? steps[current - 1].id : "";
      const own = steps.some((step) => step.id && location.hash === `#${step.id}`);
      if (id) history.replaceState(history.state, "", `#${id}`);
      else if (own) history.replaceState(history.state, "", location.pathname + location.search);
    }

    /** Go to the step that the page's address names. */
    function arrive() {
      const named = decodeURIComponent(location.hash.slice(1));
      const at = named ? steps.findIndex((step) => step.id === named) : -1;
      if (at < 0) return;
      show(at + 1, true, false);
      figure.scrollIntoView();
      reveal(parts[at]);
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

    /** Step through everything once, as soon as most of the figure is seen, until the reader does
     *  anything with it. */
    function playOnce() {
      const stop = () => {
        clearInterval(playing);
        playing = 0;
        figure.classList.remove("bp-playing");
        seen.disconnect();
        for (const name of ["pointerdown", "keydown", "focusin"]) figure.removeEventListener(name, stop, true);
      };
      const step = () => {
        if (document.hidden) return;
        if (current < steps.length) show(current + 1, true, false);
        else {
          show(0, false, false);
          stop();
        }
      };
      const seen = new IntersectionObserver((entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        seen.disconnect();
        playing = setInterval(step, 1200);
        figure.classList.add("bp-playing");
      }, { threshold: 0.4 });
      seen.observe(figure);
      for (const name of ["pointerdown", "keydown", "focusin"]) figure.addEventListener(name, stop, true);
      document.addEventListener("keydown", stop, { once: true, capture: true });
    }

    const go = {
      previous: () => show(current - 1, true, true),
      next: () => {
        const on = () => show(current + 1, true, true);
        // Whoever asks first (asked.js) keeps the step back, and sends it on later.
        const detail = { step: steps[current], on };
        const before = new CustomEvent("bp-before", { cancelable: true, detail });
        if (current === steps.length || figure.dispatchEvent(before)) on();
      },
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
      // Pieces of one drawing are one group.
      if (svg.closest(".bp-part:not(:first-child)")) groups[groups.length - 1].push(...items);
      else groups.push(items);
    }
    for (const code of all(".bp-code")) {
      code.querySelector("pre").removeAttribute("tabindex");
      groups.push([...code.querySelectorAll(".bp-line")]);
    }
    const groupOf = new Map();
    for (const group of groups) {
      // A wire that goes on in another piece of the drawing is named there.
      const named = (each) => owners.has(each) && each.textContent.trim();
      const active = group.filter(named);
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
      if (event.target.closest(".bp-permalink")) {
        event.preventDefault();
        address();
        return;
      }
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
    figure.addEventListener("bp-forward-end", () => show(Math.max(current, count), true, true));
    show(0, false, false);
    slider.setAttribute("aria-valuetext", counter.value);
    figure.classList.add("bp-live");
    players.set(figure, { go, arrive });
    arrive();
    if (figure.classList.contains("bp-once") && !current && !calm.matches) playOnce();
  }

  /** The figure that the arrow keys belong to: the one that fills most of the screen. */
  function inSight() {
    let best = null;
    let most = 0;
    for (const figure of players.keys()) {
      if (!figure.isConnected) players.delete(figure);
      const box = figure.getBoundingClientRect();
      const seen = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
      if (seen >= Math.min(innerHeight, box.height) * 0.4 && seen > most) [best, most] = [figure, seen];
    }
    return best;
  }

  /** Whether an element needs the arrow keys itself. */
  function keepsKeys(element) {
    if (!(element instanceof Element)) return false;
    const typed = "input, textarea, select, [contenteditable], [role=tab], [role=slider], audio, video";
    if (element.closest(typed)) return true;
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      const wide = each.scrollWidth > each.clientWidth + 1;
      if (wide && /auto|scroll/.test(getComputedStyle(each).overflowX)) return true;
    }
    return false;
  }

  document.addEventListener("keydown", (event) => {
    const held = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (event.defaultPrevented || held) return;
    if (!["ArrowLeft", "ArrowRight"].includes(event.key) || keepsKeys(event.target)) return;
    const figure = inSight();
    if (!figure) return;
    players.get(figure).go[event.key === "ArrowRight" ? "next" : "previous"]();
    event.preventDefault();
  });
  addEventListener("hashchange", () => players.forEach((player) => player.arrive()));

  function startAll() {
    document.querySelectorAll(".bp-figure:not(.bp-live)").forEach(start);
  }

  // Whoever puts another figure into the page says so.
  document.addEventListener("bp-figures", startAll);
  // Material replaces the page without loading it and says so by this observable, which may come
  // into being after this script.
  const follow = () => window.document$.subscribe(startAll);
  document.addEventListener("bp-material", follow, { once: true });
  if (window.document$) follow();
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
