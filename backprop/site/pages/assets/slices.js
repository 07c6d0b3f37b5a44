/* Stands in the head of every page (scripts.py writes it there). To lay out a long page in one go
   takes a phone a third of a second, in which it does not answer. So what is far down is laid out
   piece by piece when there is nothing else to do; pages.css says what that is. Until all of it has
   its true height, the page is not as long as it will be: so whatever the reader does first comes
   after the rest of it, and whoever comes to a place in the page, by an address or by going back,
   has all of it at once. Statements end in a semicolon: the lines are joined. */
(() => {
  const FAR = ".md-content__inner > *, :is(.highlight, .bp-derivation, .bp-figure, .bp-body) > *";
  const EVENTS = "pointerdown pointermove touchstart wheel scroll keydown focusin click beforeprint";
  const root = document.documentElement;
  const [arrival] = performance.getEntriesByType("navigation");
  const placed = !arrival || arrival.type !== "navigate" || /[?#]/.test(location.href + arrival.name);
  if (placed || !window.requestIdleCallback) return;
  let far = [];
  const whole = () => {
    root.removeAttribute("data-bp-slices");
    for (const each of far) each.style.removeProperty("content-visibility");
    for (const name of EVENTS.split(" ")) removeEventListener(name, whole, true);
  };
  const slice = (at) => requestIdleCallback(() => {
    if (!root.hasAttribute("data-bp-slices")) return;
    const start = performance.now();
    let next = at;
    while (next < far.length && performance.now() - start < 6) {
      far[next].style.contentVisibility = "visible";
      far[next].getBoundingClientRect();
      next += 1;
    }
    if (next < far.length) setTimeout(() => slice(next));
    else whole();
  }, { timeout: 200 });
  const layOut = () => {
    const waits = (each) => getComputedStyle(each).contentVisibility === "auto";
    far = [...document.querySelectorAll(FAR)].filter(waits);
    slice(0);
  };
  root.setAttribute("data-bp-slices", "");
  for (const name of EVENTS.split(" ")) addEventListener(name, whole, { capture: true, passive: true });
  document.addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => setTimeout(layOut)));
})();
