/* The worker in which Python runs. It is given every file by the page and fetches nothing; what the
   reader's code tries to fetch is refused here, and by the page's Content-Security-Policy, which a
   worker that is made from a blob inherits. */
import { loadPyodide } from "pyodide";
import createPyodideModule from "pyodide/pyodide.asm.mjs";

const MEMORY = 1 << 30; // bytes that Python may have: what asks for more gets a MemoryError
const HOME = "https://engine.invalid/"; // no host: names that only this worker understands

const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + Number(pages) * 65536 > MEMORY) throw new RangeError("enough");
  return grow.call(this, pages);
};

let given = {};
const refuse = () => Promise.reject(new TypeError("this page has no network"));
self.fetch = (address) => {
  const name = String(address.url || address).replace(HOME, "");
  if (!(name in given)) return refuse();
  const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
  return Promise.resolve(new Response(given[name], { headers: { "Content-Type": type } }));
};
for (const name of ["XMLHttpRequest", "WebSocket", "EventSource", "WebTransport", "importScripts",
  "indexedDB", "caches", "BroadcastChannel", "Worker", "SharedWorker", "RTCPeerConnection"]) {
  try {
    Object.defineProperty(self, name, { value: undefined, configurable: false });
  } catch { /* there is none in this browser */ }
}

let answer = null;
let began = null;
const interpreter = new Promise((done) => (began = done)); // comes before numpy and the package
const post = self.postMessage.bind(self);

async function begin(module, python) {
  given = { "python_stdlib.zip": python };
  // Compiled once by the page: a fresh worker after a stop begins sooner.
  WebAssembly.instantiateStreaming = (_, imports) =>
    WebAssembly.instantiate(module, imports).then((instance) => ({ instance, module }));
  given["pyodide.asm.wasm"] = new Uint8Array(0);
  return loadPyodide({
    indexURL: HOME,
    createPyodideModule,
    lockFileContents: { info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3",
      python: "3.14.0", version: "314.0.3" }, packages: {} },
    packageBaseUrl: HOME,
    stdin: () => null,
    stdout: () => {},
    stderr: () => {},
    fullStdLib: false,
  });
}

async function finish(numpy, backprop) {
  const pyodide = await interpreter;
  given = {};
  const at = [performance.now()];
  // The zips are our own, and nothing in them is compressed once more: what zipfile does to be
  // careful takes longer than the rest.
  const unpack = pyodide.runPython(`
def unpack(data):
    import io, os, zipfile
    data = data.to_bytes()
    if data.startswith(b"\\x28\\xb5\\x2f\\xfd"):
        from compression import zstd
        data = zstd.decompress(data)
    view, folders = memoryview(data), set()
    for one in zipfile.ZipFile(io.BytesIO(data)).infolist():
        path = f"/lib/site/{one.filename}"
        folder = os.path.dirname(path)
        if folder not in folders:
            os.makedirs(folder, exist_ok=True)
            folders.add(folder)
        name, extra = view[one.header_offset + 26 : one.header_offset + 30].cast("H")
        start = one.header_offset + 30 + name + extra
        with open(path, "wb", 0) as file:
            file.write(view[start : start + one.file_size])

unpack
`);
  unpack(new Uint8Array(numpy));
  at.push(performance.now());
  unpack(new Uint8Array(backprop));
  at.push(performance.now());
  const start = pyodide.runPython(`
import sys
sys.path.insert(1, "/lib/site")
import numpy
from backprop.desk import answer
# The reader's code is Python on numpy; the browser is not within its reach.
browser = ("js", "pyodide_js", "pyodide", "_pyodide_core")
for name in [*browser, *sys.modules]:
    if name.partition(".")[0] in browser:
        sys.modules[name] = None
sys.dont_write_bytecode = True
sys.setrecursionlimit(1000)
answer
`);
  answer = start;
  at.push(performance.now());
  return at.slice(1).map((time, index) => Math.round(time - at[index]));
}

self.onmessage = async ({ data }) => {
  const { id } = data;
  try {
    if (data.start) {
      const since = performance.now();
      began(await begin(...data.start));
      post({ id, value: [Math.round(performance.now() - since)] });
    } else if (data.site) {
      post({ id, value: await finish(...data.site) });
    } else {
      post({ id, value: answer(data.request, (stream, text) => post({ id, stream, text })) });
    }
  } catch (error) {
    post({ id, error: String((error && error.message) || error) });
  }
};
