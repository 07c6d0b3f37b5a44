"""Thinking by shape: the products that fit, the simplest first."""

import numpy as np
import pytest

import backprop as bp

N, D, M = 5, 4, 3


@pytest.mark.parametrize(
    ("want", "operands", "found"),
    [
        ((N, D), {"dout": (N, M), "w": (D, M)}, ["dout @ w.T"]),
        ((D, M), {"dout": (N, M), "x": (N, D)}, ["x.T @ dout"]),
        ((M,), {"dout": (N, M)}, ["np.sum(dout, axis=0)"]),
        ((N, D), {"dout": (N, D), "gamma": (D,)}, ["dout * gamma"]),
        ((D,), {"dout": (N, D), "xhat": (N, D)}, ["np.sum(dout * xhat, axis=0)"]),
        ((N, 1), {"a": (N, D), "b": (N, D)}, ["np.sum(a * b, axis=1, keepdims=True)"]),
        ((D, M), {"x": (D,), "dout": (M,)}, ["np.outer(x, dout)"]),
        ((N, D), {"dout": (N, 2), "w2": (M, 2), "w1": (D, M)}, ["dout @ w2.T @ w1.T"]),
        ((), {"a": (N,), "b": (N,)}, ["a @ b"]),
        ((7,), {"a": (N, D)}, []),
    ],
)
def test_what_fits(want, operands, found):
    assert bp.by_shape(want, **operands) == found


def test_every_expression_runs_and_has_the_wanted_shape():
    rng = np.random.default_rng(0)
    operands = {"a": rng.normal(size=(4, 4)), "b": rng.normal(size=(4, 4)), "c": rng.normal(size=4)}
    for want in [(4, 4), (4,)]:
        found = bp.by_shape(want, **operands)
        assert found
        for text in found:
            assert eval(text, {"np": np, **operands}).shape == want


def test_arrays_are_operands_too():
    assert bp.by_shape(np.zeros((N, D)), dout=np.zeros((N, M)), w=np.zeros((D, M))) == [
        "dout @ w.T"
    ]


def test_square_shapes_make_it_blind_and_it_says_so():
    found = bp.by_shape((4, 4), dout=(4, 4), w=(4, 4))
    assert {"dout @ w", "dout @ w.T"} <= set(found)
    assert "square" in found.warning
    assert found.warning in str(found)
    assert "方阵" in bp.by_shape((4, 4), dout=(4, 4), w=(4, 4), lang="zh").warning


def test_without_ambiguity_there_is_no_warning():
    assert bp.by_shape((N, D), dout=(N, M), w=(D, M)).warning is None


@pytest.mark.parametrize("wrong", ["5x4", (5.0, 4), (-1, 2), None, True])
def test_a_shape_is_made_of_lengths(wrong):
    with pytest.raises(ValueError, match="dout is"):
        bp.by_shape((5, 4), dout=wrong)


def test_no_operands():
    with pytest.raises(ValueError, match="needs operands"):
        bp.by_shape((5, 4))
