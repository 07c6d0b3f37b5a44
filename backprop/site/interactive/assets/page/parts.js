/* Small pieces that every desk of the page has: elements, words, progress, output. */

import { Unreachable } from "./engine.js";

const GRACE = 1000; // milliseconds that a run may end in by itself when another was asked for

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
    this.mine = null; // the question that is shown: {request, abort, begun}
    this.run = make("button", { type: "button", class: "bp-go", onclick: onRun }, run);
    this.stop = make("button", { type: "button", class: "bp-stop", hidden: true, onclick: () => this.halt() }, say("stop"));
    this.back = reset ? make("button", { type: "button", class: "bp-reset", onclick: onReset }, reset) : null;
    this.meter = make("progress", { class: "bp-meter", hidden: true, "aria-label": say("loading") });
    this.said = make("span", { class: "bp-status", role: "status" });
    this.element = make("div", { class: "bp-row" }, this.run, this.stop, this.back, this.meter, this.said);
  }

  /** Stop what runs. */
  halt() {
    if (this.mine) this.mine.abort.abort();
  }

  /** Whether this very question is being answered: who taps twice has asked once. */
  asks(request) {
    return this.mine !== null && this.mine.text === JSON.stringify(request);
  }

  /** Ask the engine, and show how it goes; null if something else is asked here meanwhile. */
  async ask(engine, request, { print, ...options } = {}) {
    const before = this.mine;
    // To stop Python ends it, and a fresh one takes seconds: what is soon done may end by itself.
    if (before) setTimeout(() => before.abort.abort(), before.begun ? GRACE : 0);
    const mine = (this.mine = { text: JSON.stringify(request), abort: new AbortController(), begun: false });
    const { say, meter, said } = this;
    const shown = (show) => (...values) => this.mine === mine && show(...values);
    this.stop.hidden = false;
    this.run.setAttribute("aria-busy", "true");
    said.textContent = engine.turns.size ? say("waiting") : engine.worker ? say("running") : say("starting");
    try {
      const answer = await engine.ask(request, {
        ...options,
        signal: mine.abort.signal,
        gone: () => this.element.isConnected || mine.abort.abort(),
        print: print && shown(print),
        progress: shown((so_far, all) => {
          meter.hidden = so_far >= all;
          meter.max = all;
          meter.value = so_far;
          said.textContent = so_far < all
            ? say("bytes", { done: megabytes(so_far), all: megabytes(all) }) : say("starting");
        }),
        begun: () => {
          mine.begun = true;
          shown(() => {
            meter.hidden = true;
            said.textContent = say("running");
          })();
        },
      });
      return this.mine === mine ? answer : null;
    } catch (error) {
      if (this.mine !== mine) return null;
      throw error;
    } finally {
      if (this.mine === mine) {
        this.mine = null;
        meter.hidden = true;
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
    fault.line && where ? make("span", { class: "bp-where" }, say("at_line", { where, line: fault.line })) : null,
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
