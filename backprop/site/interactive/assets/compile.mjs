/* Run by Node when a site is built: compiles Python for the page, in the very Python of the page.

   node compile.mjs REQUEST: JSON with `pyodide` (its folder), `library` (the zip of the standard
   library to start from), `site` (zips that are unpacked beside it, as they are or with Zstandard), `program` (what is run, so
   that it is known what a page imports) and `compile` (zip → [where its files lie, where the
   compiled one is written, the level of optimization]). What is no library is written with
   Zstandard, which Python in the page opens sooner and which is a quarter smaller than gzip. */
import fs from "node:fs";
import { pathToFileURL } from "node:url";

process.on("uncaughtException", (error) => {
  console.error(String(error.message).trim().split("\n").slice(-4).join(" "));
  process.exit(1);
});
const { pyodide: folder, library, site, program, compile } = JSON.parse(process.argv[2]);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide({
  indexURL: `${folder}/`,
  stdLibURL: library,
  env: { HOME: "/home/pyodide", PYTHONHASHSEED: "0" }, // sets are compiled in the same order
  stdout: () => {},
});
const read = (path) => new Uint8Array(fs.readFileSync(path));
const [unpack, make] = python.runPython(`
import sys
sys.path.insert(1, "/lib/site")
sys.dont_write_bytecode = True

def unpack(data):
    import io, zipfile
    from compression import zstd
    data = data.to_bytes()
    if data.startswith(b"\\x28\\xb5\\x2f\\xfd"):
        data = zstd.decompress(data)
    zipfile.ZipFile(io.BytesIO(data)).extractall("/lib/site")

def make(program, old, home, optimize):
    import io, zipfile
    from importlib._bootstrap_external import _code_to_hash_pyc
    from importlib.util import cache_from_source, source_hash
    exec(program, {"__name__": "warm"})
    used = {getattr(one, "__file__", None) for one in list(sys.modules.values())}
    used |= {name.removesuffix("c") for name in used if name}
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(old.to_bytes())) as given, zipfile.ZipFile(out, "w") as new:
        for name in given.namelist():
            text = given.read(name)
            path = f"{home}/{name}"
            if name.endswith(".py") and path in used:
                code = compile(text, path, "exec", dont_inherit=True, optimize=optimize)
                binary = bytes(_code_to_hash_pyc(code, source_hash(text), False))
                if home.endswith(".zip"):  # there a compiled file stands for its source
                    name, text = name + "c", binary
                else:
                    place = cache_from_source(name)
                    new.writestr(zipfile.ZipInfo(place, (1980, 1, 1, 0, 0, 0)), binary)
                    if "/layers/" not in name:  # which are traced, and traced code has its text
                        text = b""
            new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
    if home.endswith(".zip"):
        return out.getvalue()
    from compression import zstd
    return zstd.compress(out.getvalue(), 19)

unpack, make
`);
for (const zip of site) unpack(read(zip));
for (const [zip, [home, written, optimize]] of Object.entries(compile)) {
  fs.writeFileSync(written, make(program, read(zip), home, optimize).toJs());
}
