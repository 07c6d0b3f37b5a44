"""Shifted and scaled indices, and lengths that are sums of sizes."""
# ruff: noqa: E501  # one row a line

import pytest

from .helpers import statuses, verdicts

CONV = r"Let $x \in \mathbb{R}^N$, $w \in \mathbb{R}^K$, $y_i = \sum_k w_k x_{i+k}$, $L = L(y)$."
IMAGE = (
    r"Let $X \in \mathbb{R}^{H \times W}$, $F \in \mathbb{R}^{R \times S}$, "
    r"$Y_{ij} = \sum_{r=0}^{R-1} \sum_{s=0}^{S-1} F_{rs} X_{i+r, j+s}$, $L = L(Y)$."
)
POOL = (
    r"Let $x \in \mathbb{R}^{2m}$, $i = 0, \dots, m - 1$, "
    r"$y_i = \frac{1}{2} (x_{2i} + x_{2i+1})$, $L = L(y)$."
)
ONE = (
    r"Let $x \in \mathbb{R}^N$, $w \in \mathbb{R}^K$, $k = 1, \dots, K$, "
    r"$y_i = \sum_k w_k x_{i+k-1}$, $L = L(y)$."
)
RIGHT = [
    (CONV, r"\frac{\partial y_i}{\partial w_k} = x_{i+k}"),
    (CONV, r"\frac{\partial L}{\partial w_k} = \sum_i \frac{\partial L}{\partial y_i} x_{i+k}"),
    (CONV, r"\frac{\partial L}{\partial x_j} = \sum_k \frac{\partial L}{\partial y_{j-k}} w_k"),
    (CONV, r"\frac{\partial y_i}{\partial x_{i+k}} = w_k"),
    (IMAGE, r"\frac{\partial L}{\partial F_{rs}} = \sum_{i,j} \frac{\partial L}{\partial Y_{ij}} X_{i+r, j+s}"),
    (IMAGE, r"\frac{\partial L}{\partial X_{mn}} = \sum_r \sum_s \frac{\partial L}{\partial Y_{m-r, n-s}} F_{rs}"),
    (POOL, r"\frac{\partial L}{\partial x_{2i}} = \frac{1}{2} \frac{\partial L}{\partial y_i}"),
    (ONE, r"\frac{\partial L}{\partial x_j} = \sum_k \frac{\partial L}{\partial y_{j-k+1}} w_k"),
    (r"Let $x \in \mathbb{R}^{N - K + 1}$, $x_i = 1$ for $i = 0, \dots, N - K$.", r"\sum_{i=0}^{N-K} 1 = N - K + 1"),
]  # fmt: skip
WRONG = [
    (CONV, r"\frac{\partial y_i}{\partial w_k} = x_{i-k}"),
    (CONV, r"\frac{\partial L}{\partial w_k} = \sum_i \frac{\partial L}{\partial y_i} x_i"),
    (CONV, r"\frac{\partial L}{\partial x_j} = \sum_k \frac{\partial L}{\partial y_{j+k}} w_k"),
    (IMAGE, r"\frac{\partial L}{\partial X_{mn}} = \sum_r \sum_s \frac{\partial L}{\partial Y_{m-r, n-s}} F_{sr}"),
    (IMAGE, r"\frac{\partial L}{\partial F_{rs}} = \sum_{i,j} \frac{\partial L}{\partial Y_{ij}} X_{i+s, j+r}"),
    (POOL, r"\frac{\partial L}{\partial x_{2i}} = \frac{\partial L}{\partial y_i}"),
    (ONE, r"\frac{\partial L}{\partial x_j} = \sum_k \frac{\partial L}{\partial y_{j-k}} w_k"),
]  # fmt: skip
RECURRENCE = r"Let $w \in \mathbb{R}$, $x \in \mathbb{R}^T$, $h_t = \tanh(w h_{t-1} + x_t)$."
RETURN = (
    r"Let $\gamma \in (0, 1)$, $r \in \mathbb{R}^T$, $G_T = 0$, $G_t = r_{t+1} + \gamma G_{t+1}$."
)
SHORTER = r"Let $x \in \mathbb{R}^N$, $d \in \mathbb{R}^{N - 1}$, where $d_i = x_{i+1} - x_i$."
STEPS = r"Let $x \in \mathbb{R}^N$, $d_i = x_{i+1} - x_i$, $i = 1, \dots, N - 1$."
VALUES = r"Let $r_0, \dots, r_{T-1} \in \mathbb{R}$, $V_0, \dots, V_T \in \mathbb{R}$, $\gamma \in (0, 1)$."
FORWARD = (
    r"Let $A \in \mathbb{R}^{K \times K}$, $b, f, g \in \mathbb{R}^{T \times K}$ with "
    r"$f_{t+1,j} = b_{t+1,j} \sum_{i=1}^{K} f_{t,i} A_{ij}$ and "
    r"$g_{t,i} = \sum_{j=1}^{K} A_{ij} b_{t+1,j} g_{t+1,j}$ for $t = 1, \dots, T - 1$."
)
FROM = r"Let $x \in \mathbb{R}^n$, $t = 1, \dots, n$."
FROM_ZERO = r"Let $x \in \mathbb{R}^n$, $t = 0, \dots, n - 1$."
RIGHT += [
    (SHORTER, r"d_i = x_{i+1} - x_i"),
    (STEPS, r"\sum_{i=1}^{N-1} d_i = x_N - x_1"),
    (STEPS, r"d_i + x_i = x_{i+1}"),
    (STEPS, r"\sum_{i=1}^{N-1} x_i d_i = \sum_{i=1}^{N-1} x_i x_{i+1} - \sum_{i=1}^{N-1} x_i^2"),
    (STEPS, r"\frac{\partial}{\partial x_k} \sum_{i=1}^{N-1} d_i^2 = 2 d_{k-1} - 2 d_k"),
    (STEPS, r"\sum_{i=0}^{N-2} d_{i+1} x_{i+2} = \sum_{i=1}^{N-1} d_i x_{i+1}"),
    (STEPS, r"\sum_{i=2}^{N} x_i d_{i-1} = \sum_{i=1}^{N-1} d_i x_{i+1}"),
    (STEPS, r"\sum_{i=3}^{N} i d_{i-1} = \sum_{i=2}^{N-1} (i + 1) d_i"),
    (FROM, r"\sum_{i=3}^{n+1} i x_{i-1} = \sum_{i=2}^{n} (i + 1) x_i"),
    (VALUES, r"\sum_{t=0}^{T-1} (V_{t+1} - V_t) = V_T - V_0"),
    (VALUES, r"\sum_{t=0}^{T} \gamma^t V_t = V_0 + \gamma \sum_{t=0}^{T-1} \gamma^t V_{t+1}"),
    (VALUES, r"\sum_{t=0}^{T-1} r_t V_t = \sum_{t=0}^{T-1} V_t r_t"),
    (FORWARD, r"\sum_{j=1}^{K} f_{t+1,j} g_{t+1,j} = \sum_{i=1}^{K} f_{t,i} g_{t,i}"),
    (RETURN, r"G_t = \sum_{k=t}^{T-1} \gamma^{k-t} r_{k+1}"),
    (FROM, r"\sum_{k=t}^{n-1} k x_{k+1} = \sum_{k=t}^{n} (k - 1) x_k - (t - 1) x_t"),
    (FROM, r"\sum_{k=t}^{n-1} (x_{k+1} - x_k) = x_n - x_t"),
    (FROM_ZERO, r"\sum_{k=t}^{n-2} (x_{k+1} - x_k) = x_{n-1} - x_t"),
]
WRONG += [
    (SHORTER, r"d_i = x_{i+1} + x_i"),
    (STEPS, r"\sum_{i=1}^{N-1} d_i = x_N - x_1 + x_2"),
    (STEPS, r"\sum_{i=1}^{N} x_i d_i = \sum_{i=1}^{N-1} x_i d_i"),
    (STEPS, r"\sum_{i=2}^{N} x_i d_{i-1} = \sum_{i=1}^{N-1} d_i x_i"),
    (STEPS, r"\sum_{i=3}^{N} i d_{i-1} = \sum_{i=2}^{N-1} i d_i"),
    (FROM, r"\sum_{i=3}^{n+1} i x_{i-1} = \sum_{i=2}^{n} i x_i"),
    (STEPS, r"\frac{\partial}{\partial x_k} \sum_{i=1}^{N-1} d_i^2 = 2 d_k - 2 d_{k-1}"),
    (VALUES, r"\sum_{t=0}^{T} r_t V_t = \sum_{t=0}^{T-1} r_t V_t"),
    (VALUES, r"\sum_{t=0}^{T-1} V_t = \sum_{t=0}^{T} V_t - V_0"),
    (FORWARD, r"\sum_{j=1}^{K} f_{t+1,j} g_{t+1,j} = \sum_{i=1}^{K} f_{t,i} g_{t+1,i}"),
    (RETURN, r"G_t = \sum_{k=t}^{T-1} \gamma^{k-t} r_k"),
    (FROM, r"\sum_{k=t}^{n-1} x_{k+1} = \sum_{k=t}^{n} x_k"),
    (FROM, r"\sum_{k=t}^{n-1} x_k = \sum_{k=t}^{n} x_k"),
    (FROM, r"\sum_{k=t}^{n-1} k x_{k+1} = \sum_{k=t}^{n} k x_k - t x_t"),
    (FROM_ZERO, r"\sum_{k=t}^{n-2} x_{k+1} = \sum_{k=t}^{n-1} x_k"),
]
STEP = r"Let $w, x_t, h_{t-1} \in \mathbb{R}$, $h_t = \tanh(w h_{t-1} + x_t)$."
REFUSED = [
    (RECURRENCE, r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)", "recurrence"),
    (CONV.replace("i+k", "i-k"), r"\sum_k w_k = 0", "index-unknown"),
    (FROM, r"\sum_{k=t}^{n+1} x_k = \sum_{k=t}^{n} x_k", "sum-outside"),
    (RETURN, r"G_t = \sum_{k=0}^{T-t-1} \gamma^{k} r_{t+k+1}", "sum-outside"),  # it is right
    (CONV, r"x_{i + N} = x_{i + N}", "literal-base"),
    (CONV, r"\prod_k w_k x_{i+k} = 1", "unexpected"),
]


@pytest.mark.parametrize(("prose", "row"), RIGHT)
def test_rows_with_shifted_indices_hold(prose, row):
    assert statuses(prose, row)[-1] in ("proved", "checked")


@pytest.mark.parametrize(("prose", "row"), WRONG)
def test_slips_in_them_are_caught(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


@pytest.mark.parametrize(("prose", "row", "key"), REFUSED)
def test_what_may_be_another_reading_is_refused(prose, row, key):
    first = next(v for v in verdicts(prose, row, prove=False) if not v.ok)
    assert first.problem is not None
    assert first.problem.key == key


def test_one_step_of_a_recurrence_needs_no_beginning():
    rows = [
        r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)",
        r"\frac{\partial h_t}{\partial w} = h_{t-1} (1 - h_t^2)",
    ]
    assert statuses(STEP, *rows) == ["proved", "proved"]
