"""What checking costs, side by side in one run, in processor time: the machine may be busy."""

import os
import resource
import subprocess
import sys
import time

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from backprop.site.posts import pages, processes, program, verify

START = "```python\nimport numpy as np\nrng = np.random.default_rng(0)\ntotal = 0.0\n```\n\n"
FENCE = (
    "```python\nfor _ in range(3):\n    x = rng.normal(size=(120, 120))\n"
    "    total += float(np.linalg.svd(x @ x.T)[1].sum())\nprint(round(total, 3))\n"
    "assert total > 0\n```\n\n"
)


def spent():
    """Processor seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def doctested(root, some):
    """The processor time of pages under the executor, apart from its start and imports."""
    times = []
    for work in ([], some):
        began = spent()
        with program.Executor(root, jobs=1) as executor:
            executor.session(some[0]).close()
            for page in work:
                for step, outcome in zip(page.executed, executor.run(page).outcomes, strict=True):
                    assert verify.judge(page, step, outcome) is None
        times.append(spent() - began)
    return times[1] - times[0]


def bare(page):
    """The processor time of the same fences as one script, apart from its start and imports."""
    code = "\n".join(step.fence.code for step in page.executed)
    script = (
        f"import sys, time, numpy\ncode = compile({code!r}, 'script', 'exec')\n"
        "began = time.process_time()\nexec(code, {'__name__': '__main__'})\n"
        "print(time.process_time() - began, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=processes.environment(),
    )
    return float(done.stderr)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="start-up is paid once where the system can")
def test_doctesting_costs_at_most_twice_the_bare_scripts(tmp_path, record_property):
    some = []
    for number in range(2):
        path = tmp_path / f"{number}.md"
        path.write_text(START + FENCE * 10)
        some.append(pages.load(path, tmp_path))
    ratio = min(doctested(tmp_path, some) / sum(map(bare, some)) for _ in range(2))
    record_property("doctests / bare scripts", round(ratio, 2))
    assert ratio <= 2


def test_a_warm_build_costs_at_most_an_eighth_more(tmp_path, record_property):
    """At most 1.15 times; a site with as much prose and code as a blog has."""
    words = "Some words about `gradients` and *shapes*, and [a link](https://example.org).\n\n" * 12
    for number in range(8):
        text = f"# Page {number}\n\n" + "".join(
            f"## Part {part}\n\n{words}```python\nx = {part}\nprint(x)\n```\n\n"
            f"```output\n{part}\n```\n\n"
            for part in range(4)
        )
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / f"{number}.md").write_text(text)
    (tmp_path / "docs/index.md").write_text("# Home\n")
    markdown = "markdown_extensions: [attr_list, pymdownx.highlight, pymdownx.superfences]\n"
    for name, plugins in (("without", "[]"), ("with", "[backprop/posts]")):
        (tmp_path / f"{name}.yml").write_text(
            f"site_name: x\ntheme: {{name: material, font: false}}\nplugins: {plugins}\n{markdown}"
        )

    def once(name):
        began = spent()
        build(load_config(str(tmp_path / f"{name}.yml"), site_dir=str(tmp_path / name)))
        return spent() - began

    once("with")  # fills the cache
    once("without")
    rounds = [(once("with"), once("without")) for _ in range(3)]
    ratio = min(one for one, _ in rounds) / min(other for _, other in rounds)
    record_property("warm build with / without", round(ratio, 3))
    print(f"warm build with / without the plugin: {ratio:.3f}")
    assert ratio <= 1.15
