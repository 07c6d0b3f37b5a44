/* Asks before a backward step is shown, if the reader wants that: which shape, then which line.
 * What is asked, and why a choice is wrong, stands in the page (graphs/asked.py).
 */
(() => {
  "use strict";

  const KEY = "backprop-ask-first";
  const remembered = () => {
    try {
      return sessionStorage.getItem(KEY) === "yes";
    } catch {
      return false;
    }
  };

  /** Text in which code stands between grave accents. */
  function marked(text) {
    return text.split("`").map((part, at) => {
      const element = document.createElement(at % 2 ? "code" : "span");
      element.textContent = part;
      return element;
    });
  }

  function start(figure) {
    const toggle = figure.querySelector(".bp-ask");
    const said = figure.querySelector(".bp-said");
    const panel = document.createElement("div");
    panel.className = "bp-asked";
    panel.hidden = true;
    panel.setAttribute("role", "group");
    figure.querySelector(".bp-intro").before(panel);

    function set(on) {
      toggle.setAttribute("aria-pressed", String(on));
      figure.classList.toggle("bp-quizzed", on);
      if (!on) close();
    }

    function close() {
      panel.hidden = true;
      panel.replaceChildren();
      figure.classList.remove("bp-asking");
    }

    /** One question; `then` is called when the reader goes on. */
    function ask({ text, choices, right }, given, then, show) {
      const question = document.createElement("p");
      question.className = "bp-question";
      question.append(...marked(text));
      const list = document.createElement("div");
      list.className = "bp-choices";
      const told = document.createElement("p");
      told.className = "bp-reason";
      told.append(...marked(given));
      const buttons = choices.map(([choice, why], at) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "bp-choice";
        const code = document.createElement("code");
        code.textContent = choice;
        button.append(code);
        button.addEventListener("click", () => {
          if (at === right) {
            then(why);
            return;
          }
          button.classList.add("bp-no");
          button.setAttribute("aria-disabled", "true");
          told.replaceChildren(...marked(why));
          said.textContent = told.textContent;
        });
        return button;
      });
      const skip = document.createElement("button");
      skip.type = "button";
      skip.className = "bp-reset";
      skip.textContent = toggle.dataset.show;
      skip.addEventListener("click", show);
      list.append(...buttons);
      panel.replaceChildren(question, list, told, skip);
      panel.hidden = false;
      panel.setAttribute("aria-label", question.textContent);
      said.textContent = [told.textContent, question.textContent].join(" ").trim();
      figure.classList.add("bp-asking");
      buttons[0].focus({ preventScroll: true });
    }

    figure.addEventListener("bp-before", (event) => {
      const { step, on } = event.detail;
      if (toggle.getAttribute("aria-pressed") !== "true" || !step.dataset.asked) return;
      event.preventDefault();
      if (!panel.hidden) {
        panel.querySelector(".bp-choice:not(.bp-no)").focus();
        return;
      }
      const questions = JSON.parse(step.dataset.asked);
      const show = () => {
        const next = figure.querySelector('[data-go="next"]');
        close();
        next.focus({ preventScroll: true });
        on();
      };
      const go = (at, given) => {
        if (at === questions.length) show();
        else ask(questions[at], given, (why) => go(at + 1, why), show);
      };
      go(0, "");
    });
    figure.addEventListener("bp-shown", close);
    panel.addEventListener("keydown", (event) => {
      const buttons = [...panel.querySelectorAll("button")];
      const at = buttons.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
      if (to === undefined || at < 0) return;
      buttons[(to + buttons.length) % buttons.length].focus();
      event.preventDefault();
    });
    toggle.addEventListener("click", () => {
      const on = toggle.getAttribute("aria-pressed") !== "true";
      try {
        sessionStorage.setItem(KEY, on ? "yes" : "no");
      } catch {
        // Without storage it holds for this page.
      }
      document.querySelectorAll(".bp-figure.bp-asks").forEach((each) => {
        each.dispatchEvent(new CustomEvent("bp-ask", { detail: on }));
      });
      // The first question is about the first gradient: begin where the forward pass ends.
      if (on) figure.dispatchEvent(new Event("bp-forward-end"));
    });
    figure.addEventListener("bp-ask", (event) => set(event.detail));
    figure.classList.add("bp-asks");
    set(remembered());
  }

  function startAll() {
    document.querySelectorAll(".bp-figure:not(.bp-asks)").forEach((figure) => {
      if (figure.querySelector(".bp-ask")) start(figure);
    });
  }

  document.addEventListener("bp-figures", startAll);
  const follow = () => window.document$.subscribe(startAll);
  document.addEventListener("bp-material", follow, { once: true });
  if (window.document$) follow();
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
