"""Recording a run: every assignment, its value, its line; going on with another value."""

import functools

import numpy as np
import pytest

from backprop.judging.run import Instrumented

FACTOR = 3.0


def helper(a):
    doubled = 2 * a
    return doubled


def backward(dout, cache):
    """With a docstring."""
    x, w = cache
    N, _D = x.shape
    dx = np.zeros_like(x)
    for i in range(N):
        dx[i] = w @ dout[i]
        dx[i] += 1
    np.add.at(dx, [0, 0], 1.0)
    np.multiply(dx, 2, out=dx)
    grads = {}
    grads["w"] = x.T @ dout
    h = helper(dout)
    a = b = h * FACTOR
    return dx, grads["w"], (a + b).sum(axis=0)


@pytest.fixture
def call():
    rng = np.random.default_rng(1)
    return rng.normal(size=(3, 2)), (rng.normal(size=(3, 4)), rng.normal(size=(4, 2)))


def names(recording, function="backward"):
    return [
        event.name
        for event in recording.events
        if event.function == function and event.kind not in ("parameter", "loop")
    ]


def line(text):
    with open(__file__, encoding="utf-8") as file:
        return next(i for i, code in enumerate(file, 1) if code.strip() == text)


def test_every_assignment_in_order(call):
    recording = Instrumented(backward).run(call)
    stores = ["dx"] * 6
    assert names(recording) == [
        "x", "w", "N", "_D", "dx", *stores, "dx", "dx", "grads", 'grads["w"]', "h", "a", "b",
        "return[2]",
    ]  # fmt: skip
    assert names(recording, "helper") == ["doubled"]


def test_results_are_those_of_the_function_itself(call):
    recording = Instrumented(backward).run(call)
    for got, want in zip(recording.result, backward(*call), strict=True):
        np.testing.assert_array_equal(got, want)


def test_values_are_copies_and_lines_are_the_files_own(call):
    recording = Instrumented(backward).run(call)
    versions = [event for event in recording.events if event.name == "dx"]
    assert not versions[0].value.any()
    assert versions[0].line == line("dx = np.zeros_like(x)")
    assert versions[1].line == line("dx[i] = w @ dout[i]")
    np.testing.assert_allclose(versions[2].value[0], versions[1].value[0] + 1)
    np.testing.assert_allclose(versions[-1].value, recording.result[0])
    assert [event.version for event in versions] == list(range(9))
    assert [event.last for event in versions] == [False] * 8 + [True]


def test_goes_on_with_a_corrected_value(call):
    instrumented = Instrumented(backward)
    first = instrumented.run(call)
    site = next(event.site for event in first.events if event.name == "h")
    changed = instrumented.run(call, overrides={(site, "h"): lambda event: np.zeros((3, 2))})
    assert not changed.result[2].any()
    np.testing.assert_array_equal(changed.result[0], first.result[0])


def test_a_corrected_buffer_is_changed_in_place(call):
    instrumented = Instrumented(backward)
    first = instrumented.run(call)
    site = next(e.site for e in first.events if e.line == line("np.multiply(dx, 2, out=dx)"))
    changed = instrumented.run(call, overrides={(site, "dx"): lambda event: np.ones((3, 4))})
    np.testing.assert_array_equal(changed.result[0], np.ones((3, 4)))


def test_what_a_value_was_computed_from(call):
    events = Instrumented(backward).run(call).events
    a = next(e for e in events if e.name == "a" and e.function == "backward")
    assert {events[index].name for index in a.reads} == {"h"}


def test_a_lambda_is_a_returned_expression():
    recording = Instrumented(lambda dout, x: 2 * x * dout).run((np.ones(2), np.ones(2)))
    assert names(recording, "<lambda>") == ["return[0]"]
    np.testing.assert_array_equal(recording.result, [2, 2])


def test_closures_defaults_methods_and_partials():
    scale = 5.0

    def inner(dout, x, *, power=2):
        dx = dout * scale * power
        return dx

    class Layer:
        rate = 7.0

        def backward(self, dout, x):
            dx = dout * self.rate
            return dx

        def __call__(self, dout, x):
            dx = dout + self.rate
            return dx

    one = np.ones(2)
    for f, want in (
        (inner, 10.0),
        (functools.partial(inner, power=3), 15.0),
        (Layer().backward, 7.0),
        (Layer(), 8.0),
    ):
        recording = Instrumented(f).run((one, one))
        assert recording.failure is None
        np.testing.assert_array_equal(recording.result, want * one)
        assert [e.name for e in recording.events if e.kind == "assign"] == ["dx"]


SOURCELESS = """
def backward(dout, x):
    dx = dout * x
    dx *= 2
    return dx, dx.sum()
"""


def test_without_source_the_run_is_followed_all_the_same():
    scope = {}
    exec(SOURCELESS, scope)
    instrumented = Instrumented(scope["backward"])
    assert instrumented.source is None
    call = (np.ones(2), np.arange(2.0))
    recording = instrumented.run(call)
    dx = [event for event in recording.events if event.name == "dx"]
    assert [event.line for event in dx] == [3, 4]
    np.testing.assert_array_equal(dx[0].value, [0, 1])
    np.testing.assert_array_equal(dx[1].value, [0, 2])
    assert [e.name for e in recording.events][-1] == "return[1]"
    key = (dx[0].site, "dx")
    changed = instrumented.run(call, overrides={key: lambda event: np.array([5.0, 5.0])})
    np.testing.assert_array_equal(changed.result[0], [10, 10])


def test_a_decorated_function_keeps_what_its_decorator_does():
    def doubled(f):
        @functools.wraps(f)
        def wrapper(*args):
            return 2 * f(*args)

        return wrapper

    @doubled
    def backward(dout, x):
        dx = dout * x
        return dx

    recording = Instrumented(backward).run((np.ones(2), np.ones(2)))
    np.testing.assert_array_equal(recording.result, [2, 2])
    assert "dx" in [event.name for event in recording.events]


def power(dout, x, n=3):
    if n == 0:
        return dout * x
    return power(dout, x, n - 1)


def test_a_function_that_calls_itself():
    recording = Instrumented(power).run((np.ones(2), np.ones(2)))
    assert recording.failure is None
    np.testing.assert_array_equal(recording.result, [1, 1])


def test_an_exception_keeps_the_line_and_the_values():
    def backward(dout, x):
        dx = dout * 2
        dy = dx @ x
        return dy

    recording = Instrumented(backward).run((np.ones((2, 3)), np.ones((2, 3))))
    assert isinstance(recording.failure.error, ValueError)
    assert recording.failure.line == line("dy = dx @ x")
    assert set(recording.failure.values) == {"dout", "x", "dx"}


def test_long_loops_keep_the_first_versions_and_the_last():
    def backward(dout, x):
        total = 0.0
        for i in range(1000):
            total = total + i
        return total

    events = [e for e in Instrumented(backward).run((1.0, 1.0)).events if e.name == "total"]
    assert len(events) < 100
    assert events[-1].value == sum(range(1000))
    assert events[-1].last
