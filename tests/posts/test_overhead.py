"""What checking costs, side by side in one run, in processor time: the machine may be busy."""

import os

import pytest

from backprop.program import page as pages
from tests.benchmarks.pages import beside_scripts, warm_builds, write_blog

START = "```python\nimport numpy as np\nrng = np.random.default_rng(0)\ntotal = 0.0\n```\n\n"
FENCE = (
    "```python\nfor _ in range(3):\n    x = rng.normal(size=(120, 120))\n"
    "    total += float(np.linalg.svd(x @ x.T)[1].sum())\nprint(round(total, 3))\n"
    "assert total > 0\n```\n\n"
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="start-up is paid once where the system can")
def test_doctesting_costs_at_most_twice_the_bare_scripts(tmp_path, record_property):
    some = []
    for number in range(2):
        path = tmp_path / f"{number}.md"
        path.write_text(START + FENCE * 6)
        some.append(pages.load(path, tmp_path))
    scripts, tests = beside_scripts(tmp_path, some)
    record_property("doctests / bare scripts", round(tests / scripts, 2))
    assert tests / scripts <= 2


def test_a_warm_build_costs_at_most_an_eighth_more(tmp_path, record_property):
    """At most 1.15 times."""
    write_blog(tmp_path)
    without, warm = warm_builds(tmp_path)
    record_property("warm build with / without", round(warm / without, 3))
    print(f"warm build with / without the plugin: {warm / without:.3f}")
    assert warm / without <= 1.15
