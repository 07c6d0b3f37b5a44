"""The same work by other tools, where they are installed: `pip install backprop[bench]`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

Rows = dict[str, Callable[[], Any]]


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


def with_numpy(function: Callable[..., Any], numpy: Any) -> Callable[..., Any]:
    """The same function with another `np`.

    It gets a code object of its own, as it would have where only one tool is used: the
    interpreter adapts the instructions of a code object to the types that it meets there.
    """
    assert isinstance(function, FunctionType)
    scope = {**function.__globals__, "np": numpy}
    return FunctionType(function.__code__.replace(), scope, function.__name__)


def forward(function: Callable[..., Any], args: tuple[np.ndarray, ...]) -> Rows:
    """Recording a function: what each tool needs before it can go backward.

    For HIPS that is the forward run of `make_vjp`: it sorts the graph later, in the backward,
    and keeps neither names nor lines.
    """
    rows: Rows = {}
    if autograd := _module("autograd"):
        same = with_numpy(function, import_module("autograd.numpy"))
        rows["HIPS autograd, make_vjp"] = lambda: autograd.make_vjp(lambda a: same(*a))(args)
    if torch := _module("torch"):
        torch.set_num_threads(1)
        tensors = [torch.tensor(arg, requires_grad=True) for arg in args]
        same_torch = with_numpy(function, _torch_numpy(torch))
        rows["torch, forward with grad"] = lambda: same_torch(*tensors)
    return rows


def batchnorm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, dout: np.ndarray) -> Rows:
    """The backward of batch normalisation alone, the forward having been run."""
    rows: Rows = {}
    if autograd := _module("autograd"):
        vjp, _ = autograd.make_vjp(
            lambda a: with_numpy(batchnorm_forward, import_module("autograd.numpy"))(*a)
        )((x, gamma, beta))
        rows["HIPS autograd, backward alone"] = lambda: vjp(dout)
    if torch := _module("torch"):
        torch.set_num_threads(1)
        native = torch.nn.functional.batch_norm
        tensors = [torch.tensor(each, requires_grad=True) for each in (x, gamma, beta)]
        out = native(tensors[0], None, None, tensors[1], tensors[2], training=True)
        upstream = torch.tensor(dout)
        rows["torch, native kernel"] = lambda: torch.autograd.grad(
            out, tensors, upstream, retain_graph=True
        )
    if (jax := _module("jax")) and x.dtype == np.float32:
        from backprop import layers

        _, cache = layers.batchnorm_forward(x, gamma, beta)
        closed = jax.jit(
            lambda d, c: with_numpy(layers.batchnorm_backward_on_paper, import_module("jax.numpy"))(
                d, ("train", *c)
            )
        )
        rows["jax, jit of the closed form"] = lambda: jax.block_until_ready(closed(dout, cache[1:]))
    return rows


def batchnorm_forward(x: Any, gamma: Any, beta: Any) -> Any:
    """Training mode, as tools without mutation can run it."""
    mean = np.mean(x, axis=0)
    diff = x - mean
    var = np.mean(diff**2, axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = diff / std
    return gamma * xhat + beta


def _torch_numpy(torch: Any) -> Any:
    """As much of numpy's names as the timed function uses."""

    class Names:
        tanh, exp, log, sin, cos, sqrt = (
            staticmethod(getattr(torch, name))
            for name in ("tanh", "exp", "log", "sin", "cos", "sqrt")
        )

        @staticmethod
        def sum(x: Any, axis: int) -> Any:
            return torch.sum(x, dim=axis)

    return Names
