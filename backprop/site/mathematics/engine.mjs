// MathJax as a service: one JSON object a line in, one a line out, until stdin ends.
//
// The first line configures: {modules, extensions, macros, output, handles}, output being chtml (for
// pages) or svg (pictures, which carry the height and depth of each row); handles, if there are any,
// are those of sockets at which two processes ask, instead of stdin: what both ask is answered once.
// Every further line is a formula:
//   {tex, display, start, labels, before}
// start: the number of the last numbered equation before it; labels: what \ref may name,
// {name: [tag, id]}; before: formulas whose \newcommand it may use. The answer:
//   {html, mml, width, height, numbers, labels, refs}  or  {error}
// One request {sheet: true} is answered with the complete style sheet of the output.

import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const config = JSON.parse((await lines.next()).value);
const { modules, extensions, macros, output: kind, handles } = config;
// Standard output is the protocol's; whatever MathJax prints goes to stderr.
console.log = console.info = console.error;

const { default: MathJax } = await import(pathToFileURL(`${modules}/mathjax/node-main.mjs`).href);
await MathJax.init({
  loader: {
    load: [
      'input/tex', `output/${kind}`, 'adaptors/liteDOM', '[tex]/begingroup',
      ...extensions.map((name) => `[tex]/${name}`),
    ],
  },
  tex: {
    tags: 'ams',
    macros,
    // noundefined and noerrors would print mistakes in red instead of reporting them.
    packages: { '[+]': ['begingroup', ...extensions], '[-]': ['noundefined', 'noerrors'] },
    formatError: (_, error) => { throw error; },
  },
  output: { font: 'mathjax-tex', displayOverflow: 'scroll' },
  chtml: { adaptiveCSS: false },
  svg: { fontCache: 'none', linebreaks: { inline: false } },
  startup: { typeset: false },
});

const { document, adaptor } = MathJax.startup;
const { inputJax: [input], outputJax: output } = document;
const metrics = { em: 16, ex: 8, containerWidth: 16 * 1000, scale: 1 };

// Wide formulas need a box that scrolls, and those far down need room: measure while MathJax has
// the boxes at hand.
let width = 0;
let height = 0;
let rows = '';
const tableOf = (wrapper) => (wrapper.kind === 'mtable'
  ? wrapper : wrapper.childNodes?.map(tableOf).find(Boolean));
const processMath = output.processMath.bind(output);
output.processMath = (wrapper, node) => {
  processMath(wrapper, node);
  const { w, h, d } = wrapper.getOuterBBox();
  [width, height] = [w, h + d];
  if (kind === 'svg') {
    const { H = [], D = [] } = tableOf(wrapper)?.getTableData() ?? {};
    rows = H.map((height, row) => `${height} ${D[row]}`).join(' ');
  }
};

// Every node carries its own TeX, which triples the size of the page and says nothing to a reader.
input.postFilters.add(({ data }) => data.root.walkTree((node) => {
  node.attributes?.unset?.('data-latex');
  node.attributes?.unset?.('data-latex-item');
}), 1000);

// A label that is not known yet must not fail the formula: record it, Python knows the page.
function lenient(known, missing) {
  return new Proxy({ ...known }, {
    get(target, name) {
      if (typeof name === 'string' && !(name in target)) missing.add(name);
      return target[name];
    },
  });
}

async function convert(tex, display) {
  return document.convertPromise(tex, { display, ...metrics });
}

async function typeset({ tex, display, start, labels, before }) {
  const { tags } = input.parseOptions;
  // What one formula defines must not leak into another page: the cache would miss it there.
  tags.reset(0);
  await convert('\\begingroupSandbox', false);
  for (const earlier of before) await convert(...earlier);
  const asked = new Set();
  const known = {};
  for (const [name, [tag, id]] of Object.entries(labels)) known[name] = { tag, id };
  tags.reset(start);
  tags.refUpdate = false;
  tags.allLabels = lenient(known, asked);
  const node = await convert(tex, display);
  if (rows) adaptor.setAttribute(node, 'data-rows', rows);
  return {
    html: adaptor.outerHTML(node),
    mml: MathJax.startup.toMML(input.parseOptions.root),
    width,
    height,
    numbers: tags.allCounter - start,
    labels: Object.fromEntries(
      Object.entries(tags.labels).map(([name, { tag, id }]) => [name, [[tag].flat().join(''), id]])),
    refs: [...asked].filter((name) => !(name in tags.labels)),
  };
}

async function answer(line) {
  const request = JSON.parse(line);
  try {
    return JSON.stringify(request.sheet
      ? { sheet: adaptor.textContent(output.styleSheet(document)) }
      : await typeset(request));
  } catch (error) {
    return JSON.stringify({ error: String(error?.message ?? error) });
  }
}

if (handles) {
  // Who has asked once remembers the answer: it is wanted a second time, by the other, or never.
  const once = new Map();
  let before = Promise.resolve();
  const shared = (line) => {
    let found = once.get(line);
    if (found) {
      once.delete(line);
    } else {
      found = before = before.then(() => answer(line));
      once.set(line, found);
    }
    return found;
  };
  await Promise.all(handles.map(async (fd) => {
    const socket = new Socket({ fd, readable: true, writable: true });
    socket.on('error', () => {});  // it is gone
    for await (const line of createInterface({ input: socket })) {
      socket.write(await shared(line) + '\n');
    }
  }));
  process.exit();
}

for await (const line of lines) {
  process.stdout.write(await answer(line) + '\n');
}
