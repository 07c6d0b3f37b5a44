/* The engine as the page sees it: files with their progress, a worker, questions with a limit. */

/** What the page's browser lacks, or null. */
export function lacking() {
  if (typeof WebAssembly !== "object") return "wasm";
  if (typeof Worker !== "function" || typeof DecompressionStream !== "function") return "old";
  return null;
}

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

/* What has another size is no file of ours, but the page of a hotel that wants a password, or what
   a connection left that broke off: it is not kept, and what was kept like that is fetched anew. */
async function bytes(url, size, said) {
  const { cache, answer } = await kept(url);
  for (const [got, keep] of [
    [() => answer, false],
    [() => fetch(url, { cache: "force-cache" }), true],
    [() => fetch(url, { cache: "reload" }), true],
  ]) {
    const blob = await read(await got(), size, said).catch(() => null);
    if (!blob) continue;
    if (cache && keep) await cache.put(url, new Response(blob)).catch(() => {});
    return blob;
  }
  throw new Unreachable(url);
}

/* The body of an answer, if it is as long as it should be. */
async function read(got, size, said) {
  if (!got || !got.ok) return null;
  const pieces = [];
  let sum = 0;
  const reader = got.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    sum += value.length;
    said(value.length);
  }
  if (sum === size) return new Blob(pieces);
  said(-sum);
  return null;
}

/* What is not compressed with gzip is opened by Python. */
async function opened(blob) {
  const [one, two] = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  if (one !== 0x1f || two !== 0x8b) return blob.arrayBuffer();
  return new Response(blob.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** What a promise gives, unless the signal says before that nobody waits for it any more. */
function until(promise, signal) {
  if (!signal) return promise;
  return new Promise((done, fail) => {
    const stop = () => fail(new Stopped("stopped"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    promise.then(done, fail).finally(() => signal.removeEventListener("abort", stop));
  });
}

export class Engine {
  /** `base`: the folder of the files; `parts`: name → [file, size]. */
  constructor(base, parts) {
    this.base = base;
    this.parts = parts;
    this.files = null; // a promise, as soon as somebody wants them
    this.ready = null; // a promise, as soon as a worker begins
    this.worker = null;
    this.waiting = new Map();
    this.number = 0;
    this.queue = Promise.resolve();
    this.turns = new Set(); // the options of those who ask and have no answer yet
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
      const get = async (key, name, size) => {
        const blob = await bytes(new URL(name, this.base).href, size, add);
        const data = await opened(blob);
        return key === "wasm" ? WebAssembly.compile(data) : data;
      };
      this.each = Object.fromEntries(
        Object.entries(this.parts).map(([key, [name, size]]) => [key, get(key, name, size)]));
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
  start(said) {
    const all = this.fetch(said);
    all.catch(() => {});
    if (!this.ready) {
      this.ready = this.begin(all);
      this.ready.catch(() => {});
    }
    return this.ready;
  }

  async begin(all) {
    const { worker: code, wasm, python, numpy, backprop } = this.each;
    const url = URL.createObjectURL(new Blob([await code.catch((error) => {
      this.ready = null;
      throw error;
    })], { type: "text/javascript" }));
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
    this.worker = this.ready = null;
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    waiting.forEach(({ fail }) => fail(why));
  }

  /** The answer to a request, one after the other.
   *  `options`: seconds, progress(so far, all), print(stream, text), begun(), signal, and
   *  gone(), which is called, and says whether, the page has lost who asked. */
  ask(request, options = {}) {
    // Instant navigation takes a desk away whose code still runs: nobody waits for that.
    this.turns.forEach(({ gone }) => gone && gone());
    const turn = this.queue.then(() => this.answer(request, options));
    this.queue = turn.catch(() => {}).finally(() => this.turns.delete(options));
    this.turns.add(options);
    return until(turn, options.signal);
  }

  async answer(request, { seconds = 30, progress, print, begun, signal } = {}) {
    if (signal && signal.aborted) throw new Stopped("stopped");
    let clock = 0;
    const stop = () => this.end(new Stopped("stopped"));
    try {
      // Whoever stops it now has run nothing yet: it starts all the same, for the next question.
      await until(this.start(progress), signal);
      if (signal) signal.addEventListener("abort", stop, { once: true });
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
