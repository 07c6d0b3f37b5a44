"""The diagram of a `{.graph}` fence: trace the call that stands in it, derive, check, draw."""

import ast
import types
from typing import Any

import numpy as np

import backprop as bp
from backprop.program.fault import FenceError
from backprop.site.posts.graphs import figure
from backprop.site.posts.graphs.code import code_html
from backprop.truth.replay import replay


def ready() -> None:
    """Load what every graph needs, in the process that its page is forked from."""
    bp.trace, bp.numeric_gradient  # noqa: B018 - whose modules are loaded when they are asked for
    code_html(["x = f(1)"], {})


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> dict[str, Any]:
    """HTML of the call's graph; FenceError if the fence holds no call, or its backward is wrong."""
    return {"html": diagram(request, name, module.__dict__)}


def diagram(request: dict[str, Any], name: str, namespace: dict[str, Any]) -> str:
    f, args = the_call(request["code"], request["first"], name, namespace)
    graph = bp.trace(f, *args)
    backward = graph.derive()
    rng = np.random.default_rng(20170330)
    douts = tuple(rng.normal(size=node.shape) for node in graph.outputs)
    dout = douts if graph.several else douts[0]
    mine = _each(backward(dout, *args))
    if sum(node.value.size for node in graph.differentiated) <= FEW:
        truth = _each(bp.numeric_gradient(f, *args, dout=dout))
    else:
        ways = [rng.normal(size=node.shape) for node in graph.differentiated]
        truth = tuple(
            _slope(graph, node, way, douts)
            for node, way in zip(graph.differentiated, ways, strict=True)
        )
        mine = tuple(np.vdot(one, way) for one, way in zip(mine, ways, strict=True))
    for ours, right in zip(mine, truth, strict=True):
        scale = max(1.0, float(np.abs(right).max(initial=0)))
        if not np.allclose(ours, right, rtol=1e-5, atol=1e-6 * scale):
            raise FenceError("the derived backward of this call is wrong", request["first"])
    hidden = _hidden(graph, backward, request)
    html = figure(
        graph,
        backward,
        request["language"],
        caption=request["caption"] or "",
        dout=_douts(graph, backward, request, name, namespace),
        anchor=request["anchor"],
        legend=request["legend"],
        once=request["once"],
        hidden=hidden,
    )
    if hidden and "bp-hides" not in html:
        reason = "flip and shift need a graph whose numbers can be changed: of small arrays, and of"
        raise FenceError(f"{reason} operations that the page's script knows", request["first"] - 1)
    return html


def _hidden(graph: Any, backward: Any, request: dict[str, Any]) -> tuple[str, str] | None:
    """The gradient whose sign a reader may flip, and the value that may be shifted."""
    flip, shift = str(request.get("flip") or ""), str(request.get("shift") or "")
    if not flip and not shift:
        return None
    line = request["first"] - 1
    gradients = sorted(step.gradient for step in backward.steps)
    values = sorted(node.name for node in graph.nodes if node.rule is not None)
    for option, found, known in (("flip", flip, gradients), ("shift", shift, values)):
        if found not in known:
            wrong = f'{option}="{found}"' if found else f"{option} is missing beside the other"
            raise FenceError(f"{wrong}; this graph has {', '.join(known)}", line)
    return flip, shift


def _douts(
    graph: Any, backward: Any, request: dict[str, Any], name: str, namespace: dict[str, Any]
) -> tuple[Any, ...] | None:
    """The page's own upstream gradients: those that the fence names, `dout="dvar"`, or those that
    the page has under the names that the derived lines use, or of the outputs where a derived line
    numbers them as a part (`dnext_c1`); None where it has none."""
    import numpy as np

    from backprop.drawing.diagram import Gradients

    line, text = request["first"], request.get("dout")
    if text is None:
        gradients = Gradients(backward)
        names = [(gradients.upstream(node) or "", f"d{node.name}") for node in graph.outputs]
        found = [namespace.get(own, namespace.get(plain)) for own, plain in names]
        fits = all(
            isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.shape == node.shape
            for value, node in zip(found, graph.outputs, strict=True)
        )
        return tuple(found) if fits else None
    try:
        value = eval(compile(text, name, "eval"), namespace)
    except Exception as error:
        raise FenceError(f'dout="{text}": {type(error).__name__}: {error}', line - 1) from error
    values = value if isinstance(value, tuple) else (value,)
    shapes = [np.shape(each) for each in values]
    wanted = [node.shape for node in graph.outputs]
    if shapes != wanted:
        reason = f'dout="{text}" has the shapes {shapes}, the outputs of this call have {wanted}'
        raise FenceError(reason, line - 1)
    return tuple(np.asarray(each, dtype=float) for each in values)


# Entries that are moved one by one to find the true gradient; larger arguments are moved at once.
FEW = 2000


def _slope(graph: Any, node: Any, way: Any, douts: tuple[Any, ...]) -> Any:
    """The derivative of Σ dout · output where all entries of an argument move some way."""

    def total(step: complex | float, dtype: Any = None) -> Any:
        values = replay(graph, {node.name: node.value + step * way}, dtype)
        outputs = [values[output.name] for output in graph.outputs]
        return sum(np.sum(o * dout) for o, dout in zip(outputs, douts, strict=True))

    try:
        return np.imag(total(1e-100j, complex)) / 1e-100
    except TypeError:  # an operation that has no complex version
        far, near = ((total(h) - total(-h)) / (2 * h) for h in (2e-5, 1e-5))
        return (4 * near - far) / 3


def the_call(
    code: str, line: int, name: str, namespace: dict[str, Any], what: str = "this graph fence"
) -> tuple[Any, list[Any]]:
    """The function and the arguments of a call such as `variance(x)`; FenceError if it is none.

    `line` is that of the page where the call stands.
    """
    try:
        tree = ast.parse(code.strip(), name, "eval").body
    except SyntaxError as error:
        raise FenceError(_no_call(code, what), line + (error.lineno or 1) - 1) from None
    if not isinstance(tree, ast.Call):
        raise FenceError(_no_call(code, what), line)
    if tree.keywords or any(isinstance(one, ast.Starred) for one in tree.args):
        reason = f"{what} needs a call with plain arguments, such as variance(x), no keywords"
        raise FenceError(reason, line)

    def value(node: ast.expr) -> Any:
        try:
            return eval(compile(ast.Expression(node), name, "eval"), namespace)
        except Exception as error:
            at = line + node.lineno - 1
            raise FenceError(f"{what}: {type(error).__name__}: {error}", at) from error

    f = value(tree.func)
    if isinstance(f, type) or not callable(f):
        raise FenceError(f"{what} calls {ast.unparse(tree.func)}, which is no function", line)
    return f, [value(argument) for argument in tree.args]


def _no_call(code: str, what: str) -> str:
    found = "; ".join(code.strip().split("\n"))[:60]
    return f"{what} holds no call of a function, such as variance(x), but: {found}"


def _each(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)
