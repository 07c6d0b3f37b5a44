"""What students write traces unmodified, replays exactly, and is differentiated rightly."""

import copy
import inspect

import numpy as np
import pytest

import backprop as bp
from backprop.truth.numeric import estimate
from backprop.truth.replay import replay
from tests.corpus import forwards, strangers

CASES = {**forwards.CASES, **strangers.CASES}


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


def defined_by(source):
    scope = {"np": np}
    exec(compile(source, "source", "exec"), scope)
    (function,) = [value for key, value in scope.items() if key.endswith("_backward")]
    return function


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
    function = defined_by(backward.source)
    results = tupled(function(dout, *copy.deepcopy(args), **backward.constants))
    grads = backward.graph.backward(dout)
    for node, result in zip(backward.graph.differentiated, results, strict=True):
        close(np.asarray(result), grads[node.name])


def dropout_with_what_it_draws(x, p=0.5, mask=None):
    mask = np.random.rand(*x.shape) < p
    return x * mask / p


def unnamed_draw(x):
    out = x.copy()
    out[np.random.rand(*x.shape) < 0.5] = 0
    return out * np.random.rand(*x.shape)


@pytest.mark.parametrize(
    ("f", "args", "given"),
    [
        (*CASES["conv_im2col"], ["i", "j"]),
        (dropout_with_what_it_draws, (np.ones((9, 9)),), ["traced_mask"]),
        (unnamed_draw, (np.ones((9, 9)),), ["t1", "t2"]),
    ],
)
def test_what_the_arguments_do_not_tell_becomes_a_parameter(f, args, given):
    backward = bp.derive(f, *args)
    assert sorted(backward.constants) == given
    parameters = inspect.signature(defined_by(backward.source)).parameters
    for name in given:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default is inspect.Parameter.empty
    dout = douts(backward.graph)
    wanted = backward.graph.backward(dout)
    alone = defined_by(backward.source)(dout, *args, **backward.constants)
    for results in (alone, backward(dout, *args), backward.from_cache(dout, backward.cache)):
        for node, result in zip(backward.graph.differentiated, tupled(results), strict=True):
            close(result, wanted[node.name])


def test_what_the_arguments_tell_does_not_become_a_parameter():
    for name in ("batchnorm_forward", "affine_forward", "max_pool_forward_naive"):
        f, args = CASES[name]
        assert bp.derive(f, *args).constants == {}


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


NODES = [
    "svm_by_margins",
    "spread_and_cut",
    "whole_batch_at_once",
    "no_rows",
    "added_twice",
    "lstm_step_forward",
    "rnn_forward",
    "batchnorm_in_place",
    "joined",
    "clipped",
    "by_rows",
]


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
