"""What students write traces unmodified, replays exactly, and is differentiated rightly."""

import copy

import numpy as np
import pytest

import backprop as bp
from backprop.replay import estimate, replay
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


# Indices that a helper computes from shapes: no expression of the arguments that we could print.
NO_SOURCE = {"conv_im2col"}


@pytest.mark.parametrize("name", [name for name in CASES if name not in NO_SOURCE])
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


@pytest.mark.parametrize("name", NO_SOURCE)
def test_a_source_that_cannot_be_written_says_why_and_the_rest_works(name):
    f, args = CASES[name]
    backward = bp.derive(f, *args)
    with pytest.raises(
        bp.TraceError, match=r"`i` of shape .* \(line \d+\).*pass it to the function"
    ):
        _ = backward.source
    assert backward.lines
    dout = douts(backward.graph)
    wanted = backward.graph.backward(dout)
    for node, result in zip(backward.graph.differentiated, backward(dout, *args), strict=True):
        close(result, wanted[node.name])


@pytest.mark.parametrize("name", CASES)
def test_calling_it_from_arguments_and_from_a_cache_is_the_same(name):
    f, args = CASES[name]
    np.random.seed(3)
    backward = bp.derive(f, *args)
    dout = douts(backward.graph)
    grads = backward.graph.backward(dout)
    before = copy.deepcopy((dout, args))
    for results in (backward(dout, *args), backward.from_cache(dout, backward.cache)):
        for node, result in zip(backward.graph.differentiated, tupled(results), strict=True):
            close(np.asarray(result), grads[node.name])
    np.testing.assert_equal((dout, args), before)


NODES = ["lstm_step_forward", "rnn_forward", "batchnorm_in_place", "joined", "clipped", "by_rows"]


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("name", NODES)
def test_every_node_and_wire_has_the_gradient_that_replay_gives(name, shift):
    f, args = CASES[name]
    graph = bp.trace(f, *args)
    if shift:
        graph = graph.shifted(1)
    dout = douts(graph)
    grads = graph.gradients(dout)
    sums = {}
    for (producer, _, _), partial in grads.wires.items():
        assert partial.shape == graph[producer].shape
        sums[producer] = sums.get(producer, 0) + partial
    for node in graph.nodes:
        if node.active:
            wanted = estimate(graph, node.name, dout if graph.several else (dout,)).value
            close(grads.nodes[node.name], wanted)
            if node not in outputs_of(graph):
                close(sums[node.name], wanted)
