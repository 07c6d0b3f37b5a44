"""What students write traces unmodified, replays exactly, and is differentiated rightly."""

import copy

import numpy as np
import pytest

import backprop as bp
from backprop.replay import replay
from tests.corpus.forwards import CASES


def outputs_of(graph):
    return graph.outputs if graph.several else (graph.output,)


def run(f, args):
    np.random.seed(3)
    result = f(*copy.deepcopy(args))
    return result


def douts(graph):
    rng = np.random.default_rng(5)
    arrays = tuple(rng.standard_normal(node.shape) for node in outputs_of(graph))
    return arrays if graph.several else arrays[0]


def tupled(result):
    return result if isinstance(result, tuple) else (result,)


def close(found, wanted):
    assert found.shape == wanted.shape
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("name", CASES)
def test_it_traces_and_replays_exactly(name):
    f, args = CASES[name]
    before = copy.deepcopy(args)
    wanted = run(f, args)
    np.random.seed(3)
    graph = bp.trace(f, *args)
    results = wanted if graph.several or isinstance(wanted, tuple) else (wanted,)
    for node, value in zip(outputs_of(graph), results, strict=False):
        np.testing.assert_array_equal(node.value, value)
    again = replay(graph, {node.name: node.value for node in graph.differentiated})
    for node in graph.nodes:
        np.testing.assert_array_equal(again[node.name], node.value)
    for given, kept in zip(args, before, strict=True):
        np.testing.assert_equal(given, kept)


@pytest.mark.parametrize("name", CASES)
def test_its_gradient_agrees_with_replay(name):
    f, args = CASES[name]
    np.random.seed(3)
    graph = bp.trace(f, *args)
    dout = douts(graph)
    grads = graph.backward(dout)
    np.random.seed(3)
    numeric = tupled(bp.numeric_gradient(f, *args, dout=dout))
    for node, wanted in zip(graph.differentiated, numeric, strict=True):
        close(grads[node.name], wanted)


@pytest.mark.parametrize("name", CASES)
def test_its_source_runs_alone(name):
    f, args = CASES[name]
    np.random.seed(3)
    backward = bp.derive(f, *args)
    dout = douts(backward.graph)
    scope = {"np": np}
    exec(compile(backward.source, name, "exec"), scope)
    (function,) = [value for key, value in scope.items() if key.endswith("_backward")]
    results = tupled(function(dout, *copy.deepcopy(args)))
    grads = backward.graph.backward(dout)
    for node, result in zip(backward.graph.differentiated, results, strict=True):
        close(np.asarray(result), grads[node.name])
