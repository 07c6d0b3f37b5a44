/* Stands in the head of every page (plugin.py writes it there): shows the
   buttons, and fetches the page's script with the first tap on one. It knows one thing of its own:
   whether this browser can run the engine at all, and says so before anything is shown: what comes
   later would move what is below. */
(() => {
  const d = document;
  const can = typeof WebAssembly == "object" && typeof DecompressionStream == "function" && HTMLScriptElement.supports && HTMLScriptElement.supports("module");
  can && d.documentElement.classList.add("bp-can");
  // The policy of each page that instant navigation brought into this document stays in force.
  let may = true;
  const tap = (at, target, button) => {
    if (target.bpTap) return target.bpTap;
    const url = new URL(at.dataset.bpEngine, location.href).href;
    const old = target.querySelector(".bp-sorry");
    old && old.remove();
    button && button.setAttribute("aria-busy", "true");
    return (target.bpTap = import(url).then((page) => page.tap(at, target, url, may)).then(() => 1).catch(() => {
      button && button.insertAdjacentHTML("afterend", `<span class="bp-sorry" role="alert"></span>`);
      if (button) button.nextSibling.textContent = at.dataset.sorry;
    }).finally(() => {
      target.bpTap = 0;
      button && button.removeAttribute("aria-busy");
    }));
  };
  const show = () => {
    const list = d.querySelector("[data-bp-list]");
    const kept = JSON.parse(localStorage.getItem("bp-progress") || "{}");
    const mine = kept[location.pathname];
    for (const fence of mine ? mine.done : []) {
      const block = d.querySelector(`.bp-exercise[data-fence="${fence}"]`);
      block && block.classList.add("bp-solved");
    }
    if (!list || list.bp || !Object.keys(kept).length) return;
    list.bp = 1;
    const said = [];
    for (const link of d.querySelectorAll(".md-content :is(h2,h3) a[href]")) {
      const post = kept[link.pathname];
      if (!post || link.hash) continue;
      said.push(d.createElement("span"));
      const at = said[said.length - 1];
      at.className = "bp-progress";
      at.textContent = list.dataset.done.replace("{done}", post.done.length).replace("{total}", post.total);
      link.after(" ", at);
    }
    const forget = d.createElement("button");
    forget.type = "button";
    forget.className = "bp-forget";
    forget.textContent = list.dataset.forget;
    forget.onclick = () => {
      localStorage.removeItem("bp-progress");
      [...said, forget].forEach((each) => each.remove());
    };
    list.after(forget);
  };
  const start = () => {
    for (const policy of d.querySelectorAll("meta[http-equiv=Content-Security-Policy]")) may &&= policy.content.includes("wasm-unsafe-eval");
    try {
      show();
    } catch (e) {}
    const at = d.querySelector("[data-bp-engine]");
    if (!at || at.bp || !can) return;
    at.bp = tap;
    for (const block of d.querySelectorAll("[data-fence]")) {
      const button = d.createElement("button");
      button.type = "button";
      button.className = "bp-try";
      button.textContent = at.dataset[block.matches(".bp-figure") ? "change" : block.matches(".bp-exercise") ? "solve" : "run"];
      button.onclick = () => tap(at, block, button);
      block.append(button);
    }
    const hand = d.querySelector(".bp-hand");
    const [path, fence] = JSON.parse(sessionStorage.getItem("bp-tap") || "[]");
    sessionStorage.removeItem("bp-tap");
    const target = path == location.pathname && fence && d.querySelector(`[data-fence="${fence}"]`);
    if (target) tap(at, target);
    if (!hand) return;
    hand.hidden = false;
    let asked = false;
    const first = (event) => {
      if (event && event.type == "submit") {
        event.preventDefault();
        asked = true;
      }
      hand.bp = hand.bp || tap(at, hand, hand.querySelector("[type=submit]")).then((came) => {
        if (!came) return (hand.bp = 0);
        hand.removeEventListener("submit", first);
        if (asked) hand.dispatchEvent(new Event("bp-check"));
      });
    };
    hand.addEventListener("focusin", first);
    hand.addEventListener("change", first);
    hand.addEventListener("submit", first);
    if (location.hash.startsWith("#code=") || path == location.pathname) first();
  };
  d.addEventListener("bp-material", () => window.document$.subscribe(start), { once: true });
  d.addEventListener("DOMContentLoaded", () => { if (window.document$) window.document$.subscribe(start); start(); });
})();
