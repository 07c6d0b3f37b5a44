"""Recurrences from a beginning or backwards from an end, powers with an index, geometric sums."""
# ruff: noqa: E501  # one row a line

import pytest

from .helpers import problem, statuses

RNN = (
    r"Let $x_1, \dots, x_T \in \mathbb{R}^D$, $W \in \mathbb{R}^{H \times H}$, "
    r"$U \in \mathbb{R}^{H \times D}$, $h_0 \in \mathbb{R}^H$, "
    r"$h_t = \tanh(W h_{t-1} + U x_t)$, $L = L(h_T)$."
)
NUMBERS = (
    r"Let $w, u \in \mathbb{R}$, $h_0 \in \mathbb{R}$, $x_1, \dots, x_T \in \mathbb{R}$, "
    r"$h_t = \tanh(w h_{t-1} + u x_t)$."
)
MOMENTUM = (
    r"Let $\beta \in (0, 1)$, $g_1, \dots, g_T \in \mathbb{R}$, $v_0 = 0$, "
    r"$v_t = \beta v_{t-1} + (1 - \beta) g_t$."
)
DESCENT = r"Let $a, \eta, x_0 \in \mathbb{R}$, $x_{t+1} = x_t - \eta a x_t$."
RETURNS = (
    r"Let $\gamma \in (0, 1)$, $r_1, \dots, r_T \in \mathbb{R}$, $G_T = 0$, "
    r"$G_t = r_{t+1} + \gamma G_{t+1}$."
)
SUMS = r"Let $r \in (0, 1)$, $n \in \mathbb{N}$."
PROVED = [
    (NUMBERS, r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_t^2)"),
    (NUMBERS, r"\frac{\partial h_t}{\partial h_{t-2}} = w^2 (1 - h_t^2) (1 - h_{t-1}^2)"),
    (MOMENTUM, r"v_t = \beta^2 v_{t-2} + \beta (1 - \beta) g_{t-1} + (1 - \beta) g_t"),
    (DESCENT, r"x_{t+1} = (1 - \eta a) x_t"),
    (RETURNS, r"G_t = r_{t+1} + \gamma r_{t+2} + \gamma^2 G_{t+2}"),
]
CHECKED = [
    (RNN, r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \left( (1 - h_t \odot h_t) \odot \frac{\partial L}{\partial h_t} \right) h_{t-1}^\top"),
    (NUMBERS, r"\frac{\partial h_t}{\partial w} = (1 - h_t^2) \left( h_{t-1} + w \frac{\partial h_{t-1}}{\partial w} \right)"),
    (MOMENTUM, r"v_t = (1 - \beta) \sum_{i=1}^t \beta^{t-i} g_i"),
    (MOMENTUM, r"(1 - \beta) \sum_{i=1}^t \beta^{t-i} = 1 - \beta^t"),
    (DESCENT, r"x_t = (1 - \eta a)^t x_0"),
    (SUMS, r"\sum_{k=0}^{n} r^k = \frac{1 - r^{n+1}}{1 - r}"),
    (SUMS, r"\sum_{k=0}^{n-1} r^k = \frac{1 - r^n}{1 - r}"),
    (SUMS, r"\sum_{k=1}^{n} k = \frac{n (n + 1)}{2}"),
]  # fmt: skip
WRONG = [
    (RNN, r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \left( (1 - h_t \odot h_t) \odot \frac{\partial L}{\partial h_t} \right) h_t^\top"),
    (NUMBERS, r"\frac{\partial h_t}{\partial h_{t-1}} = w (1 - h_{t-1}^2)"),
    (NUMBERS, r"\frac{\partial h_t}{\partial w} = (1 - h_t^2) h_{t-1}"),
    (MOMENTUM, r"v_t = (1 - \beta) \sum_{i=1}^t \beta^{i} g_i"),
    (MOMENTUM, r"v_1 = g_1"),
    (DESCENT, r"x_t = (1 - \eta a)^{t+1} x_0"),
    (RETURNS, r"G_t = r_t + \gamma G_{t+1}"),
    (SUMS, r"\sum_{k=0}^{n} r^k = \frac{1 - r^n}{1 - r}"),
    (SUMS, r"\sum_{k=1}^{n} r^k = \frac{1 - r^n}{1 - r}"),
]  # fmt: skip
REFUSED = [
    (
        r"Let $x_0, x_1 \in \mathbb{R}$, $x_{t+1} = x_t + x_{t-1}$.",
        r"x_t = x_0",
        "declaration-refused",
    ),
    (r"Let $h_t = 2 h_{t-1}$.", r"h_t = 2 h_{t-1}", "declaration-refused"),
    (DESCENT, r"x_{-1} = x_0", "unexpected"),
    (MOMENTUM.replace("v_0", "v_1"), r"v_0 = 0", "outside"),
    # nothing says how many steps there are: right, perhaps, and so not called wrong
    (
        r"Let $a \in \mathbb{R}$, $T \in \mathbb{N}$, $h_0 = 1$, $h_t = a h_{t-1}$.",
        r"\sum_{t=0}^{T} h_t = 1 + \sum_{t=1}^{T} h_t",
        "index-unknown",
    ),
]


@pytest.mark.parametrize(("prose", "row"), PROVED)
def test_rows_about_steps_are_proved(prose, row):
    assert statuses(prose, row) == ["proved"]


@pytest.mark.parametrize(("prose", "row"), CHECKED)
def test_rows_about_all_steps_are_checked(prose, row):
    assert statuses(prose, row, prove=False) == ["checked"]


@pytest.mark.parametrize(("prose", "row"), WRONG)
def test_slips_in_them_are_caught(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


@pytest.mark.parametrize(("prose", "row", "key"), REFUSED)
def test_what_has_no_beginning_or_no_end_is_refused(prose, row, key):
    assert problem(prose, row) == key
