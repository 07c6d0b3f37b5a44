"""Random programs made of the table's operations: derived gradients against replay."""

import linecache

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import backprop as bp

UNARY = [
    "np.tanh({x})",
    "np.sin({x}) * 2",
    "np.exp(np.tanh({x}))",
    "np.sqrt({x}**2 + 1)",
    "np.log(1 + {x} * {x})",
    "1 / (1 + np.exp(-{x}))",
    "-{x}",
    "{x} ** 3 / 4",
    "{x}.copy()",
    "np.sum({x})",
    "np.mean({x}) - {x}",
]
MATRIX = [  # of a two-dimensional x
    "np.sum({x}, axis=0)",
    "np.mean({x}, axis=1)",
    "np.mean({x}, axis=0, keepdims=True)",
    "{x}.sum(axis=1, keepdims=True)",
    "{x}.T",
    "{x}.reshape(-1)",
    "{x}[0]",
    "{x}[:, -1:]",
    "{x}[[0, 0]]",
    "{x} - {x}.mean(axis=0)",
    "{x}.T @ {x}",
    "np.concatenate(({x}, {x} * 2), axis=1)",
    "np.max({x}, axis=1)",
    "np.maximum({x}, 0.01)",
    "np.var({x}, axis=0)",
]
BINARY = ["{x} + {y}", "{x} - {y}", "{x} * {y}", "{x} / (1 + {y} ** 2)", "np.maximum({x}, {y})"]


@st.composite
def programs(draw):
    """The lines of a function of x (n, d) and w (d,), each naming a new value."""
    n, d = draw(st.sampled_from([(2, 3), (3, 3), (1, 3), (3, 1), (1, 1)]))
    rng = np.random.default_rng(draw(st.integers(0, 5)))
    x, w = rng.standard_normal((n, d)), rng.standard_normal(d)
    scope = {"np": np, "x": x, "w": w}
    values = ["x", "w"]
    lines = []
    for number in range(draw(st.integers(1, 9))):
        one = draw(st.sampled_from(values))
        other = draw(st.sampled_from(values))
        texts = [*UNARY, *(MATRIX if np.ndim(scope[one]) == 2 else [])]
        fits = True
        try:
            np.broadcast_shapes(np.shape(scope[one]), np.shape(scope[other]))
        except ValueError:
            fits = False
        text = draw(st.sampled_from([*texts, *(BINARY * 2 if fits else [])]))
        name = f"v{number}"
        lines.append(f"{name} = {text.format(x=one, y=other)}")
        with np.errstate(all="ignore"):
            exec(lines[-1], scope)
        if not np.all(np.isfinite(scope[name])) or np.max(np.abs(scope[name])) > 1e3:
            lines.pop()
            continue
        values.append(name)
        if np.ndim(scope[name]) and draw(st.integers(0, 5)) == 0:
            lines.append(f"{name}[0] = {name}[-1] * 2")
            exec(lines[-1], scope)
    return lines, values[-1], x, w


def compiled(lines, last, tag="<program>"):
    source = "\n".join(["def program(x, w):", *lines, f"return {last} * 1.5"]).replace(
        "\n", "\n    "
    )
    linecache.cache[tag] = (len(source), None, source.splitlines(keepends=True), tag)
    scope = {"np": np}
    exec(compile(source, tag, "exec"), scope)
    return scope["program"]


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs())
def test_random_programs(program):
    lines, last, x, w = program
    f = compiled(lines, last)
    graph = bp.trace(f, x, w)
    np.testing.assert_array_equal(graph.output.value, f(x.copy(), w.copy()))
    for name in {line.split(" = ")[0] for line in lines if line.split(" = ")[0].isidentifier()}:
        assert graph[name].shape is not None
    again = bp.trace(f, x, w)
    assert [(n.name, n.op, n.line) for n in again.nodes] == [
        (n.name, n.op, n.line) for n in graph.nodes
    ]
    dout = np.random.default_rng(1).standard_normal(graph.output.shape)
    try:
        numeric = bp.numeric_gradient(f, x, w, dout=dout)
    except bp.KinkError:
        return  # np.max of equal entries: nothing to compare with
    grads = graph.gradients(dout)
    backward = graph.derive()
    for found, node, wanted in zip(
        backward(dout, x, w), graph.differentiated, numeric, strict=True
    ):
        scale = max(1.0, np.max(np.abs(wanted), initial=0.0))
        np.testing.assert_allclose(found, wanted, atol=1e-9 * scale, err_msg=backward.source)
        np.testing.assert_allclose(grads.nodes[node.name], wanted, atol=1e-9 * scale)
    for node in graph.nodes:
        assert grads.nodes[node.name].shape == node.shape
