"""Expectations: over finite sets, and of random symbols with their moments."""
# ruff: noqa: E501  # one row a line

import pytest

from backprop.derivations.explain import describe

from .helpers import problem, statuses, verdicts

MOMENTS = (
    r"Let $X$ have $\mathbb{E}[X] = \mu$ and $\operatorname{Var}(X) = \sigma^2$, "
    r"$\mu \in \mathbb{R}$, $\sigma > 0$, $a, b \in \mathbb{R}$."
)
NOISE = (
    r"Let $\mathbb{E}[\varepsilon] = 0$, $\mu = \mathbb{E}[\hat{f}]$, $f \in \mathbb{R}$, "
    r"$y = f + \varepsilon$."
)
NORMAL = (
    r"Let $\epsilon \sim \mathcal{N}(0, 1)$, $\mu \in \mathbb{R}$, $\sigma > 0$, "
    r"$z = \mu + \sigma \epsilon$."
)
COPIES = (
    r"Let $X_i$, $i = 1, \dots, n$, be independent with $\mathbb{E}[X_i] = \mu$ and "
    r"$\operatorname{Var}(X_i) = \sigma^2$, $\mu \in \mathbb{R}$, $\sigma > 0$, "
    r"$\bar{X} = \frac{1}{n} \sum_{i=1}^n X_i$."
)
DROPOUT = r"Let $m \sim \operatorname{Bernoulli}(q)$, $q \in (0, 1)$, $x \in \mathbb{R}$."
POLICY = (
    r"Let $\theta \in \mathbb{R}^d$, $x \in \mathcal{X}$, $x \sim p_\theta$, "
    r"$f : \mathcal{X} \to \mathbb{R}$."
)
LATENT = (
    r"Let $x \in \mathcal{X}$, $z \in \mathcal{Z}$, $x, z \sim p(x, z)$, $z \sim q(z)$, "
    r"$p(x) = \sum_z p(x, z)$, $p(z \mid x) = \frac{p(x, z)}{p(x)}$."
)
PROVED = [
    (MOMENTS, r"\operatorname{Var}(X) = \mathbb{E}[X^2] - \mu^2"),
    (MOMENTS, r"\operatorname{Var}(a X + b) = a^2 \operatorname{Var}(X)"),
    (NOISE, r"\mathbb{E}[(y - \hat{f})^2] = (f - \mu)^2 + \operatorname{Var}(\hat{f}) + \mathbb{E}[\varepsilon^2]"),
    (NOISE, r"\operatorname{Cov}(y, \hat{f}) = 0"),
    (NORMAL, r"\nabla_\mu \mathbb{E}[z^2] = 2 \mu"),
    (NORMAL, r"\mathbb{E}[z^4] = \mu^4 + 6 \mu^2 \sigma^2 + 3 \sigma^4"),
    (DROPOUT, r"\operatorname{Var}\left(\frac{m x}{q}\right) = \frac{1 - q}{q} x^2"),
    (r"Let $U \sim \mathcal{U}(a, b)$, $a, b \in \mathbb{R}$.", r"\operatorname{Var}(U) = \frac{(b - a)^2}{12}"),
    (POLICY, r"\nabla_\theta \sum_x p_\theta(x) f(x) = \mathbb{E}_{x \sim p_\theta}[f(x) \nabla_\theta \log p_\theta(x)]"),
    (POLICY, r"\sum_x p_\theta(x) \nabla_\theta \log p_\theta(x) f(x) = \nabla_\theta \mathbb{E}[f(x)]"),
    (LATENT, r"\log p(x) = \mathbb{E}_{z \sim q}[\log p(x)]"),
    (LATENT, r"D_{\mathrm{KL}}(q \,\|\, p(\cdot \mid x)) = \sum_z q(z) \log \frac{q(z)}{p(z|x)}"),
]  # fmt: skip
ANY = r"Let $X, Y$ be independent random variables, $c \in \mathbb{R}$."
PROVED += [
    (r"Let $X$ be a random variable.", r"\mathbb{E}[X - \mathbb{E}[X]] = 0"),
    (r"设 $X$ 为随机变量，$c \in \mathbb{R}$。", r"\mathbb{E}[(X - c)^2] = \operatorname{Var}(X) + (\mathbb{E}[X] - c)^2"),
    (ANY, r"\operatorname{Var}(X - Y) = \operatorname{Var}(X) + \operatorname{Var}(Y)"),
    (r"Let $X$ be a random variable with $X \sim \mathcal{N}(\mu, \sigma^2)$, $\mu \in \mathbb{R}$, $\sigma > 0$.", r"\mathbb{E}[(X - \mu)^4] = 3 \sigma^4"),
]  # fmt: skip
INDEXED = r"Let $\mu, \sigma \in \mathbb{R}^J$, $\sigma_j > 0$, $z_j \sim \mathcal{N}(\mu_j, \sigma_j^2)$."
VECTOR = (
    r"Let $\epsilon \sim \mathcal{N}(0, I)$, $\epsilon \in \mathbb{R}^n$, $\mu \in \mathbb{R}^n$, "
    r"$\sigma > 0$, $z = \mu + \sigma \epsilon$, $A \in \mathbb{R}^{n \times n}$."
)
BASELINE = (
    r"Let $\theta \in \mathbb{R}^d$, $s \in \mathcal{S}$, $a \in \mathcal{A}$, "
    r"$a \sim \pi_\theta(a \mid s)$, $b : \mathcal{S} \to \mathbb{R}$."
)
NAMED = r"Let $X$ and $Y$ have $\mathbb{E}[X] = m$ and $\operatorname{Var}(Y) = v^2$."
PROVED += [
    (POLICY, r"\nabla_\theta \mathbb{E}_{x \sim p_\theta}[f(x)] = \int f(x) \nabla_\theta p_\theta(x) \, dx"),
    (LATENT, r"\int \int p(x, z) \log p(x) \, dz \, dx = \int p(x) \log p(x) \, dx"),
    (BASELINE, r"\mathbb{E}_{a \sim \pi_\theta}[b(s) \nabla_\theta \log \pi_\theta(a|s)] = 0"),
    (INDEXED, r"\operatorname{Var}(z_j) = \sigma_j^2"),
    (VECTOR, r"\mathbb{E}[\epsilon \epsilon^\top] = I"),
    (VECTOR, r"\mathbb{E}[z] = \mu"),
    (NAMED, r"\operatorname{Var}(X + Y) = \operatorname{Var}(X) + v^2"),
]  # fmt: skip
CHECKED = [
    (VECTOR, r"\mathbb{E}[(A \epsilon) (A \epsilon)^\top] = A A^\top"),
    (NORMAL, r"\mathbb{E}[e^z] = e^{\mu + \sigma^2 / 2}"),
    (r"Let $p \in (0, 1)$, $X \sim \mathrm{Bernoulli}(p)$.", r"\mathbb{E}[e^X] = 1 - p + p e"),
    (COPIES, r"\operatorname{Var}(\bar{X}) = \frac{1}{n^2} \sum_i \operatorname{Var}(X_i)"),
    (COPIES, r"\operatorname{Var}(\bar{X}) = \frac{\sigma^2}{n}"),
    (LATENT, r"\log p(x) = \mathbb{E}_{z \sim q}\left[\log \frac{p(x, z)}{q(z)}\right] + \mathrm{KL}(q || p(\cdot | x))"),
]  # fmt: skip
WRONG = [
    (VECTOR, r"\mathbb{E}[(A \epsilon) (A \epsilon)^\top] = A^\top A"),
    (INDEXED, r"\mathbb{E}[z_j^2] = \sigma_j^2"),
    (POLICY, r"\int p_\theta(x) \, dx = 2"),
    (MOMENTS, r"\operatorname{Var}(X) = \mathbb{E}[X^2]"),
    (MOMENTS, r"\operatorname{Var}(a X + b) = a \operatorname{Var}(X)"),
    (MOMENTS, r"\mathbb{E}[X^3] = \mu^3 + 3 \mu \sigma^2"),  # of a normal X it would be right
    (NOISE, r"\mathbb{E}[(y - \hat{f})^2] = (f - \mu)^2 + \operatorname{Var}(\hat{f})"),
    (NORMAL, r"\mathbb{E}[e^z] = e^{\mu + \sigma^2}"),
    (COPIES, r"\operatorname{Var}(\bar{X}) = \sigma^2"),
    (DROPOUT, r"\mathbb{E}[m^2] = q^2"),
    (POLICY, r"\nabla_\theta \mathbb{E}[f(x)] = \mathbb{E}_{x \sim p_\theta}[f(x) \nabla_\theta p_\theta(x)]"),
    (LATENT, r"\log p(x) = \mathbb{E}_{z \sim q}\left[\log \frac{p(x, z)}{q(z)}\right]"),
    (LATENT, r"\mathrm{KL}(q \| p(\cdot | x)) = \sum_z p(z|x) \log \frac{p(z|x)}{q(z)}"),
]  # fmt: skip
REFUSED = [
    (VECTOR, r"\mathbb{E}[\epsilon_i^6] = 9", "quadrature"),  # by three points of it
    (POLICY, r"\int_0^1 p_\theta(x) \, dx = 1", "integral"),
    (NORMAL, r"\mathbb{E}[|\epsilon|] = \sqrt{\frac{2}{\pi}}", "quadrature"),  # right, and 3 % off
    (r"Let $x \in \mathbb{R}$.", r"\mathbb{E}[x] = x", "no-random"),
    (LATENT, r"\mathbb{E}_{x \sim r}[p(x)] = 1", "no-distribution"),
    (LATENT, r"\sum_z p(z) = 1", "no-table"),
    (NORMAL, r"\frac{\partial z}{\partial \epsilon} = \sigma", "derivative-target"),
    (POLICY, r"\nabla_\theta p_\theta(x) p_\theta(x) = 0", "nabla-span"),
    (POLICY, r"p_\theta(x) = f", "undeclared"),
]


@pytest.mark.parametrize(("prose", "row"), PROVED)
def test_rows_with_expectations_are_proved(prose, row):
    assert statuses(prose, row) == ["proved"]


@pytest.mark.parametrize(("prose", "row"), CHECKED)
def test_rows_with_expectations_are_checked(prose, row):
    assert statuses(prose, row, prove=False) == ["checked"]


@pytest.mark.parametrize(("prose", "row"), WRONG)
def test_slips_in_them_are_caught(prose, row):
    assert statuses(prose, row, prove=False) == ["wrong"]


@pytest.mark.parametrize(("prose", "row", "key"), REFUSED)
def test_what_is_not_declared_is_refused(prose, row, key):
    assert problem(prose, row) == key


def test_the_error_of_a_sampled_expectation_is_said():
    (verdict,) = verdicts(NORMAL, r"\mathbb{E}[e^z] = e^{\mu + \sigma^2 / 2}", prove=False)
    assert verdict.error is not None
    assert verdict.error < 1e-8
    assert "quadrature" in " ".join(describe(verdict))


@pytest.mark.parametrize(
    "prose",
    [
        r"Let $\theta \in \mathbb{R}$, $x \in \mathcal{X}$, $x \sim p_\theta$.",
        r"Let $x \in \mathcal{X}$, $x \sim p_\theta$, $\theta \in \mathbb{R}$.",
    ],
)
def test_a_distribution_depends_on_its_parameter_wherever_that_is_declared(prose):
    assert statuses(prose, r"\frac{\partial}{\partial \theta} p_\theta(x) = 0") == ["wrong"]
    row = r"\sum_x p_\theta(x) \frac{\partial}{\partial \theta} \log p_\theta(x) = 0"
    assert statuses(prose, row) == ["proved"]


def test_a_parameter_that_comes_too_late_is_refused():
    together = r"Let $x \in \mathcal{X}$, $x \sim p_\theta, \theta \in \mathbb{R}$."
    declared = verdicts(together, r"\sum_x p_\theta(x) = 1", prove=False)[0]
    assert declared.problem.key == "declared-late"
    assert statuses(
        together.replace(r", \theta \in \mathbb{R}", ""), r"\sum_x p_\theta(x) = 1"
    ) == ["proved"]
