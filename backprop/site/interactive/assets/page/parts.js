/* Small pieces that every desk of the page has: elements, words, progress, output. */

import { Unreachable } from "./engine.js";

/** An element: `make("p", {class: "x"}, "text", child, …)`. */
export function make(name, attributes = {}, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...inside.filter((each) => each != null));
  return element;
}

/** A sentence with its `code` as code. */
export function rich(name, text, attributes = {}) {
  const pieces = text.split(/`([^`]*)`/);
  return make(name, attributes, ...pieces.map((piece, i) => (i % 2 ? make("code", {}, piece) : piece)));
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** A row with buttons, a progress bar and what is going on. */
export class Bar {
  constructor(say, { run, onRun, reset, onReset }) {
    this.say = say;
    this.run = make("button", { type: "button", class: "bp-go", onclick: onRun }, run);
    this.stop = make("button", { type: "button", class: "bp-stop", hidden: true, onclick: () => this.abort.abort() }, say("stop"));
    this.back = reset ? make("button", { type: "button", class: "bp-reset", onclick: onReset }, reset) : null;
    this.meter = make("progress", { class: "bp-meter", hidden: true, "aria-label": say("loading") });
    this.said = make("span", { class: "bp-status", role: "status" });
    this.element = make("div", { class: "bp-row" }, this.run, this.stop, this.back, this.meter, this.said);
  }

  /** Ask the engine, and show how it goes. */
  async ask(engine, request, options = {}) {
    if (this.abort) this.abort.abort();
    const mine = (this.abort = new AbortController());
    const { say, meter, said } = this;
    this.stop.hidden = false;
    this.run.setAttribute("aria-busy", "true");
    said.textContent = engine.worker ? say("running") : say("starting");
    try {
      return await engine.ask(request, {
        ...options,
        signal: mine.signal,
        progress: (so_far, all) => {
          meter.hidden = so_far >= all;
          meter.max = all;
          meter.value = so_far;
          said.textContent = so_far < all
            ? say("bytes", { done: megabytes(so_far), all: megabytes(all) }) : say("starting");
        },
        begun: () => {
          meter.hidden = true;
          said.textContent = say("running");
        },
      });
    } finally {
      meter.hidden = true;
      if (this.abort === mine) {
        this.abort = null;
        this.stop.hidden = true;
        this.run.removeAttribute("aria-busy");
        said.textContent = "";
      }
    }
  }
}

/** Why there is no answer, in the reader's words. */
export function why(error, say, seconds) {
  if (error.message === "slow") return say("slow", { seconds });
  if (error.message === "stopped") return say("stopped");
  if (error instanceof Unreachable) return say("offline");
  return say("broken", { message: error.message });
}

/** What went wrong in the reader's code. */
export function faultBox(fault, say, where = "") {
  return make("div", { class: "bp-fault", role: "alert" },
    rich("strong", fault.message),
    fault.line && where ? make("span", { class: "bp-where" }, ` ${say("at_line", { where, line: fault.line })}`) : null,
    fault.advice ? make("p", {}, fault.advice) : null,
    fault.text && fault.text.trim().split("\n").length > 3
      ? make("details", {}, make("summary", {}, say("traceback")), make("pre", {}, fault.text)) : null);
}

/** Where a program prints; `print` may be called many times a second. */
export class Printed {
  constructor(say) {
    this.say = say;
    this.pre = make("pre", { class: "bp-printed", tabindex: "0", "aria-label": say("output"), hidden: true });
    this.waiting = [];
  }

  clear() {
    this.pre.replaceChildren();
    this.pre.hidden = true;
    this.waiting = [];
  }

  print = (stream, text) => {
    if (!this.waiting.length) requestAnimationFrame(() => this.flush());
    this.waiting.push([stream, text]);
  };

  flush() {
    for (const [stream, text] of this.waiting) {
      this.pre.append(stream === "stderr" ? make("span", { class: "bp-stderr" }, text) : text);
    }
    this.pre.hidden = !this.pre.textContent;
    this.waiting = [];
  }

  lost(count) {
    if (count) this.pre.append(make("em", {}, `\n${this.say("lost", { count: count.toLocaleString() })}`));
    this.pre.hidden = !this.pre.textContent;
  }
}
