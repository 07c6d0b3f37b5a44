/* The numbers of a figure answer: change a cell of an input or of the upstream gradient, and values
 * and gradients flow through all steps. It runs the figure's own program, the traced steps and the
 * derived lines as data (graphs/live.py), on arrays {shape, data}.
 */
(() => {
  "use strict";

  const size = (shape) => shape.reduce((all, length) => all * length, 1);
  const array = (shape, data) => ({ shape, data });

  function read(value) {
    const shape = [];
    for (let each = value; Array.isArray(each); each = each[0]) shape.push(each.length);
    return array(shape, [value].flat(Infinity));
  }

  /** Where an entry of a result lies in an operand that is broadcast. */
  function strides(shape, wanted) {
    const found = [];
    let step = 1;
    for (let axis = wanted.length - 1, own = shape.length - 1; axis >= 0; axis -= 1, own -= 1) {
      const length = own >= 0 ? shape[own] : 1;
      found[axis] = length === 1 ? 0 : step;
      step *= length;
    }
    return found;
  }

  function broadcast(one, other) {
    const count = Math.max(one.length, other.length);
    const at = (shape, axis) => shape[axis - count + shape.length] ?? 1;
    return Array.from({ length: count }, (_, axis) => {
      const [a, b] = [at(one, axis), at(other, axis)];
      if (a !== b && a !== 1 && b !== 1) throw new Error("shapes do not fit");
      return a === 1 ? b : a;
    });
  }

  /** Calls f(index) for every index of a shape, last axis first. */
  function walk(shape, f) {
    const index = shape.map(() => 0);
    for (let count = size(shape); count > 0; count -= 1) {
      f(index);
      for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
        index[axis] += 1;
        if (index[axis] < shape[axis]) break;
        index[axis] = 0;
      }
    }
  }

  const dot = (index, steps) => steps.reduce((sum, step, axis) => sum + step * index[axis], 0);

  function entrywise(f, x, y) {
    const shape = broadcast(x.shape, y.shape);
    const [a, b] = [strides(x.shape, shape), strides(y.shape, shape)];
    const data = [];
    walk(shape, (index) => data.push(f(x.data[dot(index, a)], y.data[dot(index, b)])));
    return array(shape, data);
  }

  function reduced(x, axis, keep, mean) {
    const count = x.shape.length;
    const wanted = axis === null ? x.shape.map((_, i) => i) : [axis].flat().map((i) => (i + count) % count);
    const kept = x.shape.map((length, i) => (wanted.includes(i) ? 1 : length));
    const to = strides(kept, x.shape);
    const data = new Array(size(kept)).fill(0);
    let at = 0;
    walk(x.shape, (index) => {
      data[dot(index, to)] += x.data[at];
      at += 1;
    });
    const many = mean ? size(x.shape) / size(kept) : 1;
    const shape = keep ? kept : x.shape.filter((_, i) => !wanted.includes(i));
    return array(shape, data.map((value) => value / many));
  }

  function product(x, y) {
    if (x.shape.length !== 2 || y.shape.length !== 2) throw new Error("only matrices are multiplied");
    const [rows, inner, columns] = [x.shape[0], x.shape[1], y.shape[1]];
    const data = [];
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < columns; j += 1) {
        let sum = 0;
        for (let k = 0; k < inner; k += 1) sum += x.data[i * inner + k] * y.data[k * columns + j];
        data.push(sum);
      }
    }
    return array([rows, columns], data);
  }

  function turned(x) {
    if (x.shape.length < 2) return x;
    const [rows, columns] = x.shape;
    const data = [];
    for (let j = 0; j < columns; j += 1) {
      for (let i = 0; i < rows; i += 1) data.push(x.data[i * columns + j]);
    }
    return array([columns, rows], data);
  }

  const TWO = {
    "+": (a, b) => a + b,
    "-": (a, b) => a - b,
    "*": (a, b) => a * b,
    "/": (a, b) => a / b,
    "**": (a, b) => a ** b,
    maximum: Math.max,
    minimum: Math.min,
  };
  const ONE = {
    neg: (a) => -a, exp: Math.exp, log: Math.log, sqrt: Math.sqrt, tanh: Math.tanh, abs: Math.abs,
  };

  function evaluate(expression, values) {
    if (typeof expression === "number") return array([], [expression]);
    if (typeof expression === "string") return values.get(expression);
    const [kind, ...rest] = expression;
    const first = evaluate(rest[0], values);
    if (kind === "shape") return array([], [first.shape[rest[1]]]);
    if (kind === "sum" || kind === "mean") return reduced(first, rest[1], rest[2], kind === "mean");
    if (kind === "T") return turned(first);
    if (kind in ONE) return array(first.shape, first.data.map(ONE[kind]));
    const second = evaluate(rest[1], values);
    return kind === "@" ? product(first, second) : entrywise(TWO[kind], first, second);
  }

  /** All values of a program, from what is given. */
  function run(program, given) {
    const values = new Map(given);
    for (const [name, expression] of program.lines) values.set(name, evaluate(expression, values));
    return values;
  }

  /** As the figure writes numbers: as many decimals as the largest needs for three digits. */
  function written(data) {
    const top = Math.max(0, ...data.filter(Number.isFinite).map(Math.abs));
    if (data.every((value) => value === Math.round(value))) return [data.map(String), top];
    if (top < 1e-12) return [data.map((value) => (value ? "≈0" : "0")), top];
    if (top <= 1e-4 || top >= 1e6) return [data.map((value) => value.toExponential(2)), top];
    const decimals = Math.min(6, Math.max(1, 2 - Math.floor(Math.log10(top))));
    return [data.map((value) => (value + 0).toFixed(decimals).replace(/^-(?=[0.]*$)/, "")), top];
  }

  function start(figure) {
    const program = JSON.parse(figure.dataset.program);
    const given = new Map(Object.entries(program.given).map(([name, value]) => [name, read(value)]));
    const first = new Map([...given].map(([name, value]) => [name, array(value.shape, [...value.data])]));
    const note = figure.querySelector(".bp-nudge");
    const reset = figure.querySelector("[data-reset]");
    const tables = [...figure.querySelectorAll(".bp-made[data-of]")];
    const upstream = program.out.map(([, gradient]) => gradient);

    /** Write a table anew; the cell that is being typed in stays as it is. */
    function show(made, value) {
      const cells = [...made.querySelectorAll("td")];
      if (cells.length !== value.data.length) return;
      const [texts, top] = written(value.data);
      cells.forEach((cell, at) => {
        const place = cell.firstElementChild || cell;
        if (place !== document.activeElement && place.textContent !== texts[at]) place.textContent = texts[at];
        const share = Math.abs(value.data[at]) / top;
        const level = top > 1e-12 && Number.isFinite(share) ? Math.ceil(3 * share - 1e-9) : 0;
        cell.className = level ? `bp-${value.data[at] > 0 ? "plus" : "minus"}${level}` : "";
      });
    }

    /** A line made wrong, and a value shifted, so that nothing hides it: each gradient beside the
     *  slope that the finite differences of the same forward give. */
    function hides() {
      const box = figure.querySelector(".bp-hides");
      if (!box) return;
      const [flip, shift] = box.querySelectorAll("input");
      const lines = program.lines.map(([name, expression]) => {
        if (flip.checked && name === flip.dataset.flip) return [name, ["neg", expression]];
        if (shift.checked && name === shift.dataset.shift) return [name, ["+", expression, 0.5]];
        return [name, expression];
      });
      const changed = { ...program, lines };
      const values = run(changed, given);
      const told = [];
      for (const made of box.querySelectorAll("[data-moved]")) {
        const name = made.dataset.moved;
        const { shape, data } = given.get(name);
        const zeros = array(shape, data.map(() => 0));
        const own = entrywise(TWO["+"], values.get(`d${name}`), zeros);
        const slopes = data.map((_, at) => slopeAt(changed, name, at));
        const off = Math.max(...slopes.map((slope, at) => Math.abs(slope - own.data[at])));
        const most = Math.max(1e-3, ...slopes.map(Math.abs));
        show(made, own);
        const wrong = off > 1e-5 * most;
        const one = document.createElement("span");
        one.className = wrong ? "bp-off" : "bp-right";
        one.textContent = (wrong ? box.dataset.off : box.dataset.right)
          .replace("{gradient}", `d${name}`).replace("{off}", off.toPrecision(3));
        told.push(one, " ");
      }
      box.querySelector(".bp-agrees").replaceChildren(...told.slice(0, -1));
    }

    function flow() {
      hides();
      const values = run(program, given);
      figure.values = values;
      for (const made of tables) {
        const value = values.get(made.dataset.of);
        if (value) show(made, value);
      }
      reset.hidden = [...given].every(([name, { data }]) => data.every((one, at) => one === first.get(name).data[at]));
    }

    /** The slope of Σ upstream · output where one entry moves, by a finite difference. */
    function slopeAt(of, name, at) {
      const h = 1e-5 * Math.max(1, Math.abs(given.get(name).data[at]));
      const total = (by) => {
        const moved = new Map(given);
        const { shape, data } = given.get(name);
        moved.set(name, array(shape, data.map((one, i) => (i === at ? one + by : one))));
        const values = run(of, moved);
        return of.out.reduce((sum, [out, gradient]) => {
          const weights = given.get(gradient).data;
          return sum + values.get(out).data.reduce((all, one, i) => all + one * weights[i], 0);
        }, 0);
      };
      return (total(h) - total(-h)) / (2 * h);
    }

    /** Move one entry by a finite difference, and see the same number come out. */
    function nudge(name, at, label) {
      const slope = slopeAt(program, name, at);
      const gradient = run(program, given).get(`d${name}`);
      const own = gradient.data[gradient.data.length === 1 ? 0 : at % gradient.data.length];
      const text = (value) => (Math.abs(value) < 5e-9 ? "0" : value.toPrecision(6));
      note.textContent = note.dataset.say
        .replaceAll("{cell}", label)
        .replace("{slope}", text(slope))
        .replace("{gradient}", `d${label}`)
        .replace("{value}", text(own));
    }

    for (const made of figure.querySelectorAll(".bp-given .bp-made[data-of]")) {
      const name = made.dataset.of;
      if (!given.has(name)) continue;
      const width = given.get(name).shape.at(-1) || 1;
      made.querySelectorAll("td").forEach((cell, at) => {
        const place = document.createElement("span");
        const index = given.get(name).shape.length > 1 ? `${Math.floor(at / width)}, ${at % width}` : `${at}`;
        const label = given.get(name).shape.length ? `${name}[${index}]` : name;
        place.className = "bp-cell";
        place.contentEditable = "true";
        place.inputMode = "decimal";
        place.setAttribute("role", "textbox");
        place.setAttribute("aria-label", label);
        place.textContent = cell.textContent;
        cell.replaceChildren(place);
        const told = () => program.moved.includes(name) && nudge(name, at, label);
        place.addEventListener("focus", told);
        place.addEventListener("input", () => {
          const value = Number(place.textContent.trim().replace(/[−–]/, "-").replace(",", "."));
          const bad = !place.textContent.trim() || !Number.isFinite(value);
          place.setAttribute("aria-invalid", String(bad));
          if (bad) return;
          given.get(name).data[at] = value;
          flow();
          told();
        });
        place.addEventListener("keydown", (event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            place.blur();
          }
          if (event.key !== "Escape") event.stopPropagation();
        });
        place.addEventListener("blur", () => {
          place.removeAttribute("aria-invalid");
          flow();
        });
      });
    }
    reset.addEventListener("click", () => {
      for (const [name, { data }] of first) given.get(name).data.splice(0, data.length, ...data);
      note.textContent = "";
      flow();
    });
    for (const box of figure.querySelectorAll(".bp-hides input")) box.addEventListener("change", hides);
    hides();
    figure.classList.add("bp-answers");
    figure.values = run(program, given);
    upstream.forEach((name) => given.has(name));
  }

  function startAll() {
    document.querySelectorAll(".bp-figure[data-program]:not(.bp-answers)").forEach(start);
  }

  const follow = () => window.document$.subscribe(startAll);
  document.addEventListener("bp-material", follow, { once: true });
  if (window.document$) follow();
  else if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
  else startAll();
})();
