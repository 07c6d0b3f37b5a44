/* Stands in the head of every page (scripts.py writes it there): starts our scripts when the page is
   there, and Material's with the reader's first move. At once it is needed where the address asks
   for a search, and where a page has parts that only it can draw. It expects to be there before the
   document is complete, so it is told that it is. A script that comes to the body would have the
   browser look at the style of every element. Statements end in a semicolon:
   the lines are joined. */
(() => {
  const EVENTS = "pointerdown pointermove touchstart wheel scroll keydown focusin click change";
  const all = (job) => [...document.querySelectorAll(`script[type="bp/${job}"]`)];
  const load = (job, done) => {
    const scripts = all(job);
    let left = scripts.length;
    for (const old of scripts) {
      const script = document.createElement("script");
      script.src = old.src;
      script.async = false;
      script.onload = script.onerror = () => --left || done();
      document.head.append(script);
    }
    if (!left) done();
  };
  const missed = [];
  let wanted = false;
  let ready = false;
  const say = (what) => document.dispatchEvent(new Event(what));
  const material = () => {
    say("bp-before-material");
    load("later", () => {
      for (const name of EVENTS.split(" ")) removeEventListener(name, act, true);
      if (!window.document$) return;
      window.document$.next(document);
      say("bp-material");
      setTimeout(() => {
        for (const event of missed) {
          if (event.defaultPrevented) continue;
          event.target.dispatchEvent(new event.constructor(event.type, event));
        }
      });
    });
  };
  const act = (event) => {
    const key = event.type === "keydown" && event.key.length === 1;
    if (key && !(event.ctrlKey || event.metaKey || event.altKey)) missed.push(event);
    if (event.type === "change" && event.target.name === "__palette") missed.push(event);
    if (wanted) return;
    wanted = true;
    if (ready) requestAnimationFrame(() => setTimeout(material));
  };
  const fetchEarly = () => {
    if (wanted || (navigator.connection || {}).saveData || location.protocol === "file:") return;
    for (const script of all("later")) fetch(script.src, { priority: "low" }).then((got) => got.text()).catch(() => {});
  };
  for (const name of EVENTS.split(" ")) addEventListener(name, act, { capture: true, passive: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", act);
  const idle = window.requestIdleCallback || setTimeout;
  addEventListener("load", () => idle(() => load("first", () => {
    ready = true;
    wanted = wanted || /[?&][hq]=/.test(location.search) || !!document.querySelector(".mermaid,.annotate");
    if (wanted) material();
    else idle(fetchEarly);
  }), { timeout: 100 }));
})();
