"""Functions of scipy.special, of which only some have rows; the package does without scipy."""

import subprocess
import sys

import numpy as np
import pytest
import scipy
from scipy import special
from scipy.special import erf, log_softmax, logsumexp, softmax
from scipy.stats import norm

import backprop as bp

rng = np.random.default_rng(4)
x43 = rng.normal(size=(4, 3))
p43 = rng.uniform(0.2, 0.9, size=(4, 3))

CALLS = [
    (lambda x: special.expit(x), x43),
    (lambda x: special.log_expit(x), x43),
    (lambda x: special.logit(x), p43),
    (lambda x: special.xlogy(x, 1 - x), p43),
    (lambda x: special.xlogy([[0.0], [1.0], [0.5], [0.0]], x), p43),
    (lambda x: special.xlog1py(x, x), p43),
    (lambda x: special.entr(x), p43),
    (lambda x: special.rel_entr(x, x**2), p43),
    (lambda x: special.kl_div(x, 0.5), p43),
    (lambda x: special.exp10(x), x43),
    (lambda x: special.betaln(x, 2 * x), p43),
    (lambda x: special.beta(x, 1.5), p43),
    (lambda x: special.huber(0.5, x), x43),
    (lambda x: special.pseudo_huber(0.5, x), x43),
    (lambda x: logsumexp(x, axis=1), x43),
    (lambda x: scipy.special.logsumexp(x, axis=0, keepdims=True) * x, x43),
    (lambda x: special.logsumexp(x, b=np.array([1.0, 2.0, 3.0])), x43),
    (lambda x: softmax(x) * x, x43),
    (lambda x: special.softmax(x, axis=-1) * x, x43),
    (lambda x: log_softmax(x, axis=0) * x, x43),
]


@pytest.mark.parametrize(("f", "x"), CALLS)
def test_functions_of_scipy_are_traced_as_they_are(f, x):
    graph = bp.trace(f, x)
    np.testing.assert_allclose(graph.output.value, f(x), rtol=1e-9, atol=1e-12)
    dout = rng.normal(size=graph.output.shape)
    want = bp.numeric_gradient(f, x, dout=dout)
    np.testing.assert_allclose(bp.derive(f, x)(dout, x), want, rtol=1e-9, atol=1e-10)


def test_zero_times_the_logarithm_of_zero_is_zero():
    p, q = np.array([0.0, 0.5, 0.0]), np.array([0.0, 0.25, 0.75])
    graph = bp.trace(lambda p, q: special.xlogy(p, q), p, q)
    np.testing.assert_array_equal(graph.output.value, special.xlogy(p, q))
    grads = graph.backward(np.ones(3))
    np.testing.assert_allclose(grads["p"], [0, np.log(0.25), np.log(0.75)])
    np.testing.assert_allclose(grads["q"], [0, 2, 0])


def gelu(x):
    cdf = 0.5 * (1 + erf(x / np.sqrt(2)))
    out = x * cdf
    return out


def gelu_backward(dout, x):
    cdf = 0.5 * (1 + erf(x / np.sqrt(2)))
    pdf = np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
    return dout * (cdf + x * pdf)


def gelu_wrong(dout, x):
    cdf = 0.5 * (1 + erf(x / np.sqrt(2)))
    pdf = np.exp(0.5 * x**2) / np.sqrt(2 * np.pi)
    return dout * (cdf + x * pdf)


def test_a_backward_with_erf_is_checked():
    assert bp.check(gelu, gelu_backward, x43).ok
    report = bp.check(gelu, gelu_wrong, x43, lang="en")
    assert (report.first_wrong, report.hint) == ("pdf", "sign")


def test_the_source_calls_scipy_by_the_name_that_it_has_in_its_documentation():
    source = bp.derive(gelu, x43).source
    assert "special.erf(" in source
    scope = {"np": np, "special": special}
    exec(source, scope)
    dout = rng.normal(size=x43.shape)
    np.testing.assert_allclose(scope["gelu_backward"](dout, x43), gelu_backward(dout, x43))


def test_a_variable_may_be_called_special():
    def f(x):
        special = x * 2
        return special**2

    assert "dspecial = " in bp.derive(f, x43).source
    assert "special = x * 2" in bp.derive(f, x43).source


def test_what_scipy_makes_plain_is_refused_at_the_authors_line():
    def f(x):
        return norm.cdf(x)

    line = f.__code__.co_firstlineno + 1
    with pytest.raises(bp.TraceError, match=rf"test_scipy.py:{line}, in f"):
        bp.derive(f, x43)


def test_the_package_does_not_load_scipy():
    code = (
        "import sys, numpy as np, backprop as bp\n"
        "bp.check(lambda x: 1 / (1 + np.exp(-x)), lambda d, x: d, np.ones(2))\n"
        "assert not any(name.startswith('scipy') for name in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
