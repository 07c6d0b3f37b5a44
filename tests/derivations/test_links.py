"""Rows that are about the same gradient as a line of code, found from ties and the traced graph."""

from backprop.derivations import describe, verify
from backprop.derivations.verdicts import Gradient

FENCE = """```python
import numpy as np


def layer(data, w, shift):
    middle = np.mean(data, axis=0, keepdims=True)
    spread = np.sqrt(np.mean((data - middle) ** 2, axis=0) + 1)
    z = w * spread + shift
    return z


def loss(data, w):
    score = data @ w
    total = np.sum(score ** 2)
    return total
```
"""
LAYER = r"""
Let $x \in \mathbb{R}^{N \times D}$, $w, b \in \mathbb{R}^{D}$, $\mu_j = \frac{1}{N} \sum_k x_{kj}$,
$\sigma_j = \sqrt{\frac{1}{N} \sum_k (x_{kj} - \mu_j)^2 + 1}$ and $z_j = w_j \sigma_j + b_j$;
in code $z$ = `layer(x, w, b)`. $L = L(z)$ is any number, and $R = L + \sum_j w_j^2$.
"""


def gradients(prose: str, rows: str, after: str = "") -> list[Gradient | None]:
    text = (
        f"{FENCE}\n/// derivation\n{prose}\n\n$$\n\\begin{{align*}}\n{rows}\n\\end{{align*}}\n$$\n"
    )
    (report,) = (report for _, report in verify(f"{text}\n{after}\n///\n"))
    assert report.ok, [describe(v) for v in report.verdicts]
    return [v.gradient for v in report.verdicts if v.kind == "row" or (v.code and v.gradient)]


def test_symbols_are_the_nodes_that_have_their_values_whatever_both_are_called():
    rows = (
        r"\frac{\partial L}{\partial \sigma_j} &= w_j \frac{\partial L}{\partial z_j} \\",
        r"\frac{\partial L}{\partial b_j} &= \frac{\partial L}{\partial z_j} \\",
        r"\frac{\partial L}{\partial w_j} &= \sigma_j \frac{\partial L}{\partial z_j} \\",
        r"&= \frac{\partial L}{\partial z_j} \sigma_j \\",
        r"\frac{\partial z_j}{\partial \sigma_j} &= w_j \\",
        r"\frac{\partial R}{\partial b_j} &= \frac{\partial L}{\partial z_j} \\",
        r"\frac{\partial \sigma_j}{\partial b_j} &= 0",
    )
    found = gradients(LAYER, "\n".join(rows))
    names = [one and (one.function, one.name, one.given) for one in found]
    assert names == [
        ("layer", "dspread", ""),
        ("layer", "dshift", ""),
        ("layer", "dw", ""),
        ("layer", "dw", ""),  # the row goes on
        ("layer", "dspread", "dz"),  # a factor, not a gradient
        None,  # R depends on w beside z: it is another function's gradient
        None,
    ]
    assert {one.tex for one in found[:1] if one} == {r"\frac{\partial L}{\partial \sigma_j}"}


def test_a_loss_is_its_own_upstream_gradient_and_a_tie_of_a_gradient_is_linked_too():
    prose = r"""
Let $X \in \mathbb{R}^{N \times D}$, $w \in \mathbb{R}^{D}$ and $J = \sum_i (X w)_i^2$;
in code $J$ = `loss(X, w)`."""
    after = r"In code $\frac{\partial J}{\partial w}$ = `2 * X.T @ X @ w`."
    row, tie = gradients(prose, r"\frac{\partial J}{\partial w} = 2 X^\top X w", after)
    assert row == tie == Gradient("loss", "dw", r"\frac{\partial J}{\partial w}")


def test_without_a_tie_nothing_is_guessed():
    prose = LAYER.split(";\nin code")[0] + r". $L = L(z)$ is any number."
    assert gradients(
        prose, r"\frac{\partial L}{\partial b_j} = \frac{\partial L}{\partial z_j}"
    ) == [None]


def test_it_is_said_in_words():
    rows = r"\frac{\partial L}{\partial \sigma_j} = w_j \frac{\partial L}{\partial z_j}"
    text = f"{FENCE}\n/// derivation\n{LAYER}\n\n$$\n{rows}\n$$\n///\n"
    (report,) = (report for _, report in verify(text))
    (verdict,) = (v for v in report.verdicts if v.kind == "row")
    tex = r"\frac{\partial L}{\partial \sigma_j}"
    assert f"{tex} is `dspread` in the backward pass of `layer`" in describe(verdict)
    assert f"[{tex}] 就是 `layer` 的 backward 里的 `dspread`" in describe(
        verdict, "zh", "[{}]".format
    )
