/* The page's script, fetched with a reader's first tap: it opens the desk that was tapped on. */
import { Engine, lacking } from "./engine.js";
import { handIn } from "./handin.js";
import { make } from "./parts.js";
import { runner } from "./run.js";
import { change } from "./graph.js";
import { exercise } from "./exercise.js";

const SETUP = JSON.parse("@@BP_SETUP@@"); // parts, words, seconds, style; the plugin writes it
let engine = null;
const programs = new Map();
const AGAIN = "bp-tap";

function words(lang) {
  return (key, values = {}) => {
    const row = SETUP.words[key];
    const text = row[lang.split("-")[0].toLowerCase()] || row.en;
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };
}

function styled(url) {
  const href = new URL(SETUP.style, url).href;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  return new Promise((done) => {
    document.head.append(make("link", { rel: "stylesheet", href, onload: done, onerror: done }));
  });
}

async function program(at) {
  const url = new URL(at.dataset.program, location.href).href;
  if (!programs.has(url)) {
    const get = (cache) => fetch(url, { cache }).then((answer) => answer.json());
    const got = get("force-cache").catch(() => get("reload")); // what was kept may be no such file
    got.catch(() => programs.delete(url));
    programs.set(url, got);
  }
  return programs.get(url);
}

/** Open the desk of an element: `at` holds what the page says about itself; `may` is false where a
 *  policy of this document forbids the engine. */
export async function tap(at, target, url, may) {
  const lang = at.dataset.lang;
  const say = words(lang);
  const number = target.dataset.fence;
  if (!may) {
    // Instant navigation has brought this page into a document that may not run the engine.
    sessionStorage.setItem(AGAIN, JSON.stringify([location.pathname, number ?? ""]));
    location.reload();
    return new Promise(() => {});
  }
  if (lacking()) throw new Error(lacking());
  engine ||= new Engine(new URL(".", url), SETUP.parts);
  at.engine = engine; // for those who look into the page, such as its tests
  const limit = () => Number(at.dataset.seconds) || SETUP.seconds;
  const context = { engine, say, lang, limit, at };
  await styled(url);
  if (target.matches(".bp-hand")) return handIn(target, { ...context, examples: SETUP.examples });
  const steps = await program(at);
  const end = steps.findIndex((step) => String(step.line) === number);
  const upto = steps.slice(0, end + 1);
  if (target.matches(".bp-figure")) return change(target, upto, context);
  if (target.matches(".bp-exercise")) return exercise(target, upto, context);
  return runner(target, upto, context);
}
