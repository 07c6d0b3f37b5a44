/* The engine as the page sees it: files with their progress, a worker, questions with a limit. */

/** What the page's browser lacks, or null. */
export function lacking() {
  if (typeof WebAssembly !== "object") return "wasm";
  if (typeof Worker !== "function" || typeof DecompressionStream !== "function") return "old";
  return null;
}

/** The policy under which this document was loaded; instant navigation brings pages with others. */
const policy = [...document.querySelectorAll('meta[http-equiv="Content-Security-Policy"]')];
export const allowed = () =>
  policy.every((meta) => meta.content.includes("'wasm-unsafe-eval'")) || !policy.length;

export class Stopped extends Error {}
export class Broken extends Error {}
export class Unreachable extends Error {}

/* Files are kept by the browser under their names, which say their content; where it keeps
   nothing (a site without https), its ordinary cache has to do. */
async function kept(url) {
  if (!self.caches) return { cache: null, answer: null };
  try {
    const cache = await caches.open("backprop-engine");
    return { cache, answer: await cache.match(url) };
  } catch {
    return { cache: null, answer: null };
  }
}

async function bytes(url, said) {
  const { cache, answer } = await kept(url);
  const got = answer || (await fetch(url, { cache: "force-cache" }).catch(() => ({})));
  if (!got.ok) throw new Unreachable(url);
  const pieces = [];
  const reader = got.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    said(value.length);
  }
  const blob = new Blob(pieces);
  if (cache && !answer) await cache.put(url, new Response(blob)).catch(() => {});
  return blob;
}

/* What is not compressed with gzip is opened by Python. */
async function opened(blob) {
  const [one, two] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  if (one !== 0x1f || two !== 0x8b) return blob.arrayBuffer();
  return new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

export class Engine {
  /** `base`: the folder of the files; `parts`: name → [file, size]. */
  constructor(base, parts) {
    this.base = base;
    this.parts = parts;
    this.files = null; // a promise, as soon as somebody wants them
    this.worker = null;
    this.waiting = new Map();
    this.number = 0;
    this.queue = Promise.resolve();
  }

  get total() {
    return Object.values(this.parts).reduce((sum, [, size]) => sum + size, 0);
  }

  /** Fetch every file once; `said(bytes so far, all bytes)`. */
  async fetch(said = () => {}) {
    if (!this.files) {
      let so_far = 0;
      this.listeners = new Set();
      const add = (size) => {
        so_far += size;
        this.listeners.forEach((each) => each(so_far, this.total));
      };
      const get = async (key, name) => {
        const blob = await bytes(new URL(name, this.base).href, add).catch((error) => {
          throw new Unreachable(error.message); // or it breaks off on the way
        });
        const data = await opened(blob);
        return key === "wasm" ? WebAssembly.compile(data) : data;
      };
      this.each = Object.fromEntries(
        Object.entries(this.parts).map(([key, [name]]) => [key, get(key, name)]));
      this.files = Promise.all(Object.values(this.each));
      this.files.catch(() => (this.files = null));
      this.clean();
    }
    this.listeners.add(said);
    try {
      return await this.files;
    } finally {
      this.listeners.delete(said);
    }
  }

  /** Forget files of older versions of the site. */
  async clean() {
    if (!self.caches) return;
    try {
      const cache = await caches.open("backprop-engine");
      const own = new Set(Object.values(this.parts).map(([name]) => new URL(name, this.base).href));
      for (const old of await cache.keys()) {
        if (old.url.startsWith(String(this.base)) && !own.has(old.url)) await cache.delete(old);
      }
    } catch { /* kept for nothing, then */ }
  }

  /** Have a worker that answers. It begins with the first files while the others come. */
  async start(said) {
    const all = this.fetch(said);
    all.catch(() => {});
    if (this.worker) return all;
    const { worker: code, wasm, python, numpy, backprop } = this.each;
    const url = URL.createObjectURL(new Blob([await code], { type: "text/javascript" }));
    const worker = new Worker(url, { type: "module" });
    this.worker = worker;
    worker.onmessage = ({ data }) => this.heard(data);
    worker.onerror = (event) => {
      event.preventDefault();
      if (this.worker === worker) this.end(new Broken(event.message || "the worker stopped"));
    };
    const give = async (what, parts) => {
      const files = await Promise.all(parts);
      if (this.worker !== worker) throw new Stopped("stopped");
      return this.send({ [what]: files });
    };
    try {
      const both = [give("start", [wasm, python]), give("site", [numpy, backprop])];
      this.took = (await Promise.all(both)).flat(); // milliseconds, for those who measure
      await all;
    } catch (error) {
      if (this.worker === worker) this.end(error);
      throw error;
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  heard({ id, value, error, stream, text }) {
    const asked = this.waiting.get(id);
    if (!asked) return;
    if (stream) return asked.print(stream, text);
    this.waiting.delete(id);
    if (error !== undefined) asked.fail(new Broken(error));
    else asked.done(value);
  }

  send(message, print = () => {}) {
    const id = ++this.number;
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail, print });
      this.worker.postMessage({ id, ...message });
    });
  }

  /** End the worker; whoever waits learns why. The next question starts a fresh one. */
  end(why) {
    if (this.worker) this.worker.terminate();
    this.worker = null;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    waiting.forEach(({ fail }) => fail(why));
  }

  /** The answer to a request, one after the other.
   *  `options`: seconds, progress(so far, all), print(stream, text), begun(). */
  ask(request, options = {}) {
    const turn = this.queue.then(() => this.answer(request, options));
    this.queue = turn.catch(() => {});
    return turn;
  }

  async answer(request, { seconds = 30, progress, print, begun, signal } = {}) {
    if (signal && signal.aborted) throw new Stopped("stopped");
    let clock = 0;
    const stop = () => this.end(new Stopped("stopped"));
    if (signal) signal.addEventListener("abort", stop, { once: true });
    try {
      await this.start(progress);
      if (signal && signal.aborted) throw new Stopped("stopped");
      if (begun) begun();
      clock = setTimeout(() => this.end(new Stopped("slow")), seconds * 1000);
      return JSON.parse(await this.send({ request: JSON.stringify(request) }, print));
    } catch (error) {
      if (error instanceof Broken) this.end(error);
      throw error;
    } finally {
      clearTimeout(clock);
      if (signal) signal.removeEventListener("abort", stop);
    }
  }
}
