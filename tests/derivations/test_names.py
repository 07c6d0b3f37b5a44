"""Names as authors write them: stars, layers above, families, primed indices."""
# ruff: noqa: E501  # one row a line

import pytest

from .helpers import problem, statuses, verdicts

LAYER = (
    r"Let $W^l = (w^l_{jk}) \in \mathbb{R}^{m \times n}$, $a^{l-1} \in \mathbb{R}^n$, "
    r"$z^l = W^l a^{l-1}$, $L = L(z^l)$, $\delta^l_j = \frac{\partial L}{\partial z^l_j}$."
)
SAMPLES = (
    r"Let $x^{(1)}, \dots, x^{(m)} \in \mathbb{R}^d$, $y \in \mathbb{R}^m$, $w \in \mathbb{R}^d$, "
    r"$r^{(i)} = w^\top x^{(i)} - y^{(i)}$, $J = \frac{1}{2} \sum_{i=1}^m (r^{(i)})^2$."
)
FAMILY = (
    r"Let $v \in \mathbb{R}^{d}$, $u_o, u_1, \dots, u_K \in \mathbb{R}^{d}$, "
    r"$J = \tanh(u_o^\top v) + \sum_k \tanh(u_k^\top v)$."
)
RIGHT = [
    (r"Let $w^* \in \mathbb{R}^n$.", r"\|w^*\|^2 = \sum_i (w^*_i)^2"),
    (r"Let $w^\star, w \in \mathbb{R}^n$.", r"w^{\star\top} w = \sum_i w_i w^*_i"),
    (LAYER, r"\frac{\partial L}{\partial w^l_{jk}} = a^{l-1}_k \delta^l_j"),
    (LAYER, r"\frac{\partial L}{\partial a^{l-1}} = (W^l)^\top \delta^l"),
    (SAMPLES, r"\frac{\partial J}{\partial w_j} = \sum_{i=1}^m r^{(i)} x_j^{(i)}"),
    (SAMPLES, r"\frac{\partial J}{\partial w} = \sum_{i=1}^m (w^\top x^{(i)} - y^{(i)}) x^{(i)}"),
    (FAMILY, r"\frac{\partial J}{\partial u_k} = (1 - \tanh(u_k^\top v)^2) v"),
    (FAMILY, r"\frac{\partial J}{\partial u_o} = (1 - \tanh(u_o^\top v)^2) v"),
    (r"Let $p \in \mathbb{R}^n$.", r"(\sum_i p_i)^2 = \sum_i \sum_{i'} p_i p_{i'}"),
    (r"Let $z \in \mathbb{R}^C$.", r"\sum_k^C z_k = \sum_j z_j"),
    (
        r"Let $t \in \mathbb{R}^n$, $p \in (0, 1)$, "
        r"$\ell(p) = \sum_i t_i \log p + (1 - t_i) \log (1 - p)$.",
        r"\frac{d \ell}{d p} = \frac{\sum_i t_i}{p} - \frac{n - \sum_i t_i}{1 - p}",
    ),
]
CALLED = (
    r"Let $x^{(1)}, \dots, x^{(m)} \in \mathbb{R}^{n}$, $\theta \in \mathbb{R}^n$, "
    r"$g(z) = \frac{1}{1 + e^{-z}}$, $h_\theta(x^{(i)}) = g(\theta^\top x^{(i)})$."
)
TOTAL = (
    r"Let $w \in \mathbb{R}^d$, $x_1, \dots, x_N \in \mathbb{R}^d$, $t \in \mathbb{R}^N$, "
    r"$E_n = \frac{1}{2} (w^\top x_n - t_n)^2$, $E = \sum_{n=1}^N E_n$."
)
QUADRATIC = (
    r"Let $A \in \mathbb{R}^{n \times n}$, $x, d, b \in \mathbb{R}^n$ with $A = A^\top$, "
    r"$f(x) = \frac{1}{2} x^\top A x - b^\top x$."
)
RIGHT += [
    (CALLED, r"\frac{\partial h_\theta(x^{(i)})}{\partial \theta_j} = h_\theta(x^{(i)}) (1 - h_\theta(x^{(i)})) x_j^{(i)}"),
    (TOTAL, r"\frac{\partial E}{\partial E_n} = 1"),
    (TOTAL, r"\frac{\partial E}{\partial w} = \sum_n (w^\top x_n - t_n) x_n \quad \text{by definition of } E"),
    (QUADRATIC, r"f(x + d) = f(x) + \nabla f(x)^\top d + \frac{1}{2} d^\top A d"),
]  # fmt: skip
LABELLED = (
    r"Let $x_1, \dots, x_n \in \mathbb{R}^d$, $y_i \in \{0, 1\}$, $w \in \mathbb{R}^d$, "
    r"$S = \sum_{i=1}^n y_i w^\top x_i$."
)
RIGHT += [
    (LABELLED, r"\nabla_w S = \sum_{i=1}^n y_i x_i"),
    (LABELLED, r"\frac{\partial S}{\partial y_k} = w^\top x_k"),
]
EFFECTIVE = r"Let $r \in \mathbb{R}^{N \times K}$, $N_k = \sum_n r_{nk}$."  # N is a size, too
LOSS = (
    r"Let $X \in \mathbb{R}^{n \times d}$, $y \in \mathbb{R}^n$, $w, w_0 \in \mathbb{R}^d$, "
    r"$f(w) = \frac{1}{2} \| X w - y \|_2^2$."
)
RIGHT += [
    (EFFECTIVE, r"\frac{1}{N} N_k = \frac{1}{N} \sum_{n=1}^{N} r_{nk}"),
    (LOSS, r"\nabla f(w_0) = X^\top (X w_0 - y)"),
    (LOSS, r"\nabla^2 f(w_0) = X^\top X"),
]
WRONG = [
    (EFFECTIVE, r"N_k = N"),
    (LOSS, r"\nabla f(w_0) = 0"),
    (LOSS, r"\nabla f(w_0) = X^\top (X w - y)"),
    (LABELLED, r"S = y_k w^\top \sum_{i=1}^n x_i"),
    (CALLED, r"\frac{\partial h_\theta(x^{(i)})}{\partial \theta_j} = h_\theta(x^{(i)}) x_j^{(i)}"),
    (TOTAL, r"E = \frac{1}{N} \sum_n E_n"),
    (TOTAL, r"E_n = E"),
    (QUADRATIC, r"f(x + d) = f(x) + \nabla f(x)^\top d + d^\top A d"),
    (QUADRATIC, r"f(2 x) = 2 f(x)"),
    (LAYER, r"\frac{\partial L}{\partial w^l_{jk}} = a^{l-1}_k \delta^l_k"),
    (LAYER, r"\frac{\partial L}{\partial a^{l-1}} = -(W^l)^\top \delta^l"),
    (SAMPLES, r"\frac{\partial J}{\partial w_j} = \sum_{i=1}^m y^{(i)} x_j^{(i)}"),
    (FAMILY, r"\frac{\partial J}{\partial u_k} = (1 - \tanh(u_o^\top v)^2) v"),
    (FAMILY, r"\frac{\partial J}{\partial u_o} = (1 - \tanh(u_o^\top v)^2) u_o"),
    (r"Let $p \in \mathbb{R}^n$.", r"(\sum_i p_i)^2 = \sum_i \sum_{i'} p_i p_{i'}^2"),
]
REFUSED = [
    (r"Let $h, h^t, t \in \mathbb{R}$.", r"h^t = h^t", "power-or-name"),
    (r"Let $y \in \mathbb{R}^n$.", r"y^{(1)} = y^{(1)}", "matrix-power"),
    (r"Let $z \in \mathbb{R}^n$, $C \in \mathbb{N}$.", r"\sum_k^C z_k = \sum_k z_k", "range"),
    (
        r"Let $a, b \in \mathbb{R}^n$, $c \in \mathbb{R}$.",
        r"\sum_i a_i + c + b_i = c",
        "index-collision",
    ),
    (r"Let $a, b \in \mathbb{R}^n$.", r"b_i = \sum_i a_i + b_i", "index-collision"),
    (r"Let $a, b \in \mathbb{R}^n$.", r"w^* = a", "undeclared"),
]


@pytest.mark.parametrize(("prose", "row"), RIGHT)
def test_names_are_read_as_written(prose, row):
    assert statuses(prose, row) == ["proved"]


@pytest.mark.parametrize(("prose", "row"), WRONG)
def test_a_slip_in_such_names_is_caught(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


@pytest.mark.parametrize(("prose", "row", "key"), REFUSED)
def test_what_may_be_another_reading_is_refused(prose, row, key):
    assert problem(prose, row) == key


def test_vectors_and_matrices_lie_in_powers_of_an_interval():
    prose = r"Let $\gamma \in (0, 1)^n$, $q \in [0, 1]^{n \times m}$."
    row = r"\sqrt{(1 - \gamma_i)^2} + |q_{ij}| = 1 - \gamma_i + q_{ij}"
    assert statuses(prose, row) == ["checked"]


ROTATION = (
    r"Let $m, n \in \mathbb{R}$, $q, k \in \mathbb{R}^2$, "
    r"$R(\phi) = \begin{pmatrix} \cos \phi & -\sin \phi \\ \sin \phi & \cos \phi \end{pmatrix}$."
)
SHARE = r"Let $\mathbf{z} \in \mathbb{R}^K$, $\sigma_i(\mathbf{z}) = \frac{e^{z_i}}{\sum_{j=1}^K e^{z_j}}$."
BELOW = r"Let $a, b > 0$, $\frac{1}{s^2} = \frac{1}{a^2} + \frac{1}{b^2}$."
STATE = (
    r"Let $k_1, \dots, k_n \in \mathbb{R}^d$, $v_1, \dots, v_n \in \mathbb{R}^m$, $S_0 = 0$, "
    r"$S_0 \in \mathbb{R}^{d \times m}$, $S_t = S_{t-1} + k_t v_t^\top$."
)


@pytest.mark.parametrize(
    ("prose", "right", "wrong"),
    [
        (ROTATION, r"R(m)^\top R(n) = R(n - m)", r"R(m) R(n) = R(n - m)"),
        (ROTATION, r"(R(m) q)^\top R(n) k = q^\top R(n - m) k", r"R(m) = R(m)^\top"),
        (
            ROTATION,
            r"R'(m) = \begin{pmatrix} -\sin m & -\cos m \\ \cos m & -\sin m \end{pmatrix}",
            r"R'(m) = R(m)",
        ),
        (
            SHARE,
            r"\frac{\partial \sigma_i(\mathbf{z})}{\partial z_j} = \sigma_i(\mathbf{z}) (\delta_{ij} - \sigma_j(\mathbf{z}))",
            r"\sum_i \sigma_i(\mathbf{z}) = K",
        ),
        (BELOW, r"s^2 = \frac{a^2 b^2}{a^2 + b^2}", r"s^2 = a^2 + b^2"),
        (STATE, r"S_t = \sum_{i=1}^t k_i v_i^\top", r"S_t = \sum_{i=1}^t k_t v_i^\top"),
    ],
)
def test_what_is_declared_by_its_value(prose, right, wrong):
    assert verdicts(prose, right)[-1].ok
    assert verdicts(prose, wrong, prove=False)[-1].status == "wrong"
