"""What is proved, not only compared: closed forms by induction, inverses, conclusions, bounds."""
# ruff: noqa: E501  # one row a line

import pytest

from .helpers import statuses

MOMENTUM = r"Let $\mu \in (0, 1)$, $\eta > 0$, $g_1, \dots, g_T \in \mathbb{R}$, $v_0 = 0$, $v_t = \mu v_{t-1} + g_t$, $\theta_0 \in \mathbb{R}$, $\theta_t = \theta_{t-1} - \eta v_t$."
SUMS = r"Let $r \in (0, 1)$, $n \in \mathbb{N}$."
KALMAN = r"Let $P, R \in \mathbb{R}^{n \times n}$ be invertible, $P + R$ invertible, $m, z \in \mathbb{R}^n$, $K = P (P + R)^{-1}$."
WOODBURY = r"Let $A, B \in \mathbb{R}^{n \times n}$ and $C \in \mathbb{R}^{m \times m}$ be invertible, $U \in \mathbb{R}^{n \times m}$, $V \in \mathbb{R}^{m \times n}$."
RIDGE = r"Let $X \in \mathbb{R}^{n \times d}$, $y \in \mathbb{R}^n$, $\lambda > 0$, $w \in \mathbb{R}^d$, $L(w) = \|X w - y\|^2 + \lambda \|w\|^2$."
GAN = r"Let $p, q > 0$, $D \in (0, 1)$, $V(D) = p \log D + q \log(1 - D)$."
LOGISTIC = r"Let $X \in \mathbb{R}^{n \times d}$, $w \in \mathbb{R}^d$, $y \in \{0, 1\}^n$, $p_i = \frac{1}{1 + e^{-\sum_j X_{ij} w_j}}$, $\ell = -\sum_i \left( y_i \log p_i + (1 - y_i) \log(1 - p_i) \right)$."
LSTM = r"Let $f_1, \dots, f_T \in (0, 1)$, $g_1, \dots, g_T \in \mathbb{R}$, $o_1, \dots, o_T \in \mathbb{R}$, $c_0 = 0$, $c_t = f_t c_{t-1} + g_t^2$, $h_t = o_t \tanh(c_t)$."
PRODUCT = r"Let $w \in \mathbb{R}^d$, $\tau > 0$."
NUMBERS = r"Let $p, q, s > 0$, $D \in (0, 1)$, $c \in [0, 1]$, $a, b \in \mathbb{R}$."
VECTORS = (
    r"Let $x, y \in \mathbb{R}^n$, $k \in \mathbb{R}^n$, $p_i = \frac{e^{x_i}}{\sum_j e^{x_j}}$."
)
PROVED = [
    (MOMENTUM, [r"v_t &= \sum_{i=1}^t \mu^{t-i} g_i", r"\theta_t &= \theta_0 - \eta \sum_{s=1}^t v_s"]),
    (SUMS, [r"\sum_{k=0}^{n} r^k &= \frac{1 - r^{n+1}}{1 - r}"]),
    (KALMAN, [r"(P^{-1} + R^{-1})^{-1} &= P (P + R)^{-1} R"]),
    (RIDGE, [r"\nabla_w L = 0 &\implies w = (X^\top X + \lambda I)^{-1} X^\top y", r"(X^\top X + \lambda I)^{-1} X^\top &= X^\top (X X^\top + \lambda I)^{-1}"]),
    (GAN, [r"\frac{d V}{d D} = 0 &\implies D = \frac{p}{p + q}", r"\frac{d^2 V}{d D^2} &< 0"]),
    (LOGISTIC, [r"\frac{\partial \ell}{\partial w_j} &= \sum_i (p_i - y_i) X_{ij}"]),
    (LSTM, [r"\frac{\partial h_t}{\partial c_{t-1}} &= o_t (1 - \tanh(c_t)^2) f_t"]),
    (PRODUCT, [r"\log \prod_{j=1}^d e^{-w_j^2 / (2 \tau^2)} &= -\frac{1}{2 \tau^2} \sum_{j=1}^d w_j^2"]),
    (NUMBERS, [r"\frac{1}{2} (a^2 + s^2 - 1 - \log s^2) &\ge 0", r"0 &< 1 - D c"]),
    (VECTORS, [r"(x^\top y)^2 &\le \|x\|^2 \|y\|^2", r"\log \sum_j e^{x_j} &\ge x_i"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("prose", "rows"), PROVED, ids=lambda v: v[0][:24] if isinstance(v, list) else ""
)
def test_rows_are_proved_that_were_only_compared(prose, rows):
    assert statuses(prose, *rows) == ["proved"] * len(rows)


CLAIMS = [
    (MOMENTUM, r"v_t = \sum_{i=1}^t \mu^{t-i+1} g_i"),
    (SUMS, r"\sum_{k=0}^{n} r^k = \frac{1 - r^n}{1 - r}"),
    (WOODBURY, r"(A + B)^{-1} A = I"),
    (RIDGE, r"(X^\top X + \lambda I)^{-1} X^\top = X^\top (X X^\top - \lambda I)^{-1}"),
    (LSTM, r"\frac{\partial c_t}{\partial g_{t-1}} = 0"),
    (NUMBERS, r"1 - c > 0"),
    (NUMBERS, r"p + \frac{1}{p} > 2"),
    (VECTORS, r"(x^\top y)^2 \ge \|x\|^2 \|y\|^2"),
]


@pytest.mark.parametrize(("prose", "row"), CLAIMS)
def test_and_what_is_false_beside_them_is_not(prose, row, monkeypatch):
    from backprop.derivations.evidence import bounds, proof, rows

    said: list[bool] = []
    judge, estimate = rows.Derivator.judge, rows.Derivator.estimate

    def judged(self, equation, *rest):
        sides = (equation.left, equation.right)
        said.append(proof.proves(self.world, *sides, frozenset(), False, equation.dims))
        return judge(self, equation, *rest)

    def estimated(self, equation, verdict, op, order):
        sides = (equation.left, equation.right)
        said.append(bounds.proves_order(self.world, *sides, op, equation.dims))
        return estimate(self, equation, verdict, op, order)

    monkeypatch.setattr(rows.Derivator, "judge", judged)
    monkeypatch.setattr(rows.Derivator, "estimate", estimated)
    assert statuses(prose, row, prove=False) == ["wrong"]
    assert said == [False]
