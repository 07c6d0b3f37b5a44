"""The executor: what a fence may do to the process of its page, and to nothing else."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from backprop.program import cache
from backprop.program import execute as program
from backprop.program import page as pages
from backprop.program.execute import Executor
from backprop.program.session import Limits
from backprop.program.store import Store
from backprop.site.posts.verify import consequence, follows, judge, told


class Runner:
    """A project directory and an executor for its pages."""

    def __init__(self, path, seconds=20.0, **options):
        self.path = path
        self.executor = Executor(path, Limits(seconds, 100_000), **options)

    def page(self, *fences, name="post.md"):
        text = "\n\n".join(
            fence if fence.startswith("```") else f"```python\n{fence}\n```" for fence in fences
        )
        (self.path / name).write_text(text)
        return pages.load(self.path / name, self.path)

    def run(self, *fences):
        page = self.page(*fences)
        return page, self.executor.run(page).outcomes

    def failures(self, *fences):
        page, outcomes = self.run(*fences)
        found = [
            judge(page, step, outcome, self.executor)
            for step, outcome in zip(page.executed, outcomes, strict=True)
        ]
        return [failure and f"{failure.line}: {failure.reason}" for failure in found]


@pytest.fixture
def runner(tmp_path):
    made = Runner(tmp_path)
    yield made
    made.executor.close()


@pytest.fixture
def processes(tmp_path, monkeypatch):
    """The processes, at any later time, that descend from this test."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("needs /proc to look at the environment of other processes")
    monkeypatch.setenv("BACKPROP_TEST", str(tmp_path))

    def listed():
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if f"BACKPROP_TEST={tmp_path}".encode() in (entry / "environ").read_bytes():
                        found.append(entry.name)
        return found

    return listed


def test_a_page_is_one_program(runner):
    _, outcomes = runner.run(
        "import sys\nx = 1\nprint(x)", "x += 1\nprint(x, file=sys.stderr)", "print(x, __name__)"
    )
    assert [one.stdout for one in outcomes] == ["1\n", "", "2 __main__\n"]
    assert [one.stderr for one in outcomes] == ["", "2\n", ""]


def test_everything_that_is_printed_is_captured(runner):
    _, outcomes = runner.run(
        "import os, subprocess, sys\nos.write(1, b'a\\n')",
        "_ = subprocess.run(['echo', 'b'])",
        "print('é\\ud800')",
        "sys.stdout.buffer.write(b'\\xff\\n'); print('end', end='')",
    )
    assert [one.stdout for one in outcomes] == ["a\n", "b\n", "é?\n", "\ufffd\nend"]


# What fences do that would end, hang or flood a simpler tool; each with its message.
PROVOKED = {
    "while True: pass": "1: ran longer than 2 s and was stopped: is there an endless loop?",
    "import os; os._exit(3)": "1: ended the process of its page (exit code 3, os._exit?)",
    "import os; os.kill(os.getpid(), 11)": "1: crashed the process of its page (SIGSEGV)",
    "import sys; sys.exit(1)": "2: SystemExit: 1",
    "raise KeyboardInterrupt": "2: KeyboardInterrupt",
    "def f(): f()\nf()": "2: RecursionError: maximum recursion depth exceeded",
    "for _ in range(100): print('x' * 10**6)": (
        "1: printed more than 100,000 characters and was stopped"
    ),
    "while True: print('x' * 10**5)": "1: printed more than 100,000 characters and was stopped",
    "import os\nos.fork()": (
        "1: this fence forked, and the copy ran on past its end: "
        "end the copy with os._exit(0), or start a subprocess"
    ),
    "x = (": "2: SyntaxError: '(' was never closed",
}


def test_what_is_provoked_has_its_message(tmp_path, processes):
    runner = Runner(tmp_path, seconds=2.0)
    with runner.executor:
        for code, message in PROVOKED.items():
            assert runner.failures(code) == [message]
        # The pages after all of that are none the worse.
        assert runner.failures("assert 1 + 1 == 2") == [None]
    assert not processes()


def test_a_fence_cannot_change_the_project(runner):
    (runner.path / "keep.txt").write_text("keep")
    (runner.path / "folder").mkdir()
    target = runner.path / "keep.txt"
    for code in (
        f"import os; os.remove({str(target)!r})",
        f"open({str(target)!r}, 'w')",
        f"import shutil; shutil.rmtree({str(runner.path)!r})",
        f"import pathlib; pathlib.Path({str(target)!r}).rename('x')",
        f"import os; os.rmdir({str(runner.path / 'folder')!r})",
    ):
        (failure,) = runner.failures(code)
        assert "PermissionError: a page must not change the project" in failure
        assert "scratch directory" in failure
    assert target.read_text() == "keep"
    assert (runner.path / "folder").is_dir()
    # In its own directory it may do everything; the next page finds nothing of it.
    assert runner.failures("open('a', 'w').write('1')", "import os; os.remove('a')") == [None, None]
    assert runner.failures("import os; assert os.listdir() == []") == [None]


def test_pages_do_no_harm_to_each_other(runner):
    harm = (
        "import os, sys, numpy, builtins\nos.chdir('/')\nnumpy.sum = None\nbuiltins.len = None\n"
        "os.environ['X'] = '1'\nsys.modules['json'] = None"
    )
    check = (
        "import os, json, numpy\nassert len('ab') == 2 and numpy.sum([1, 2]) == 3\n"
        "assert 'X' not in os.environ and os.getcwd() != '/'"
    )
    assert runner.failures(harm, "x = 1") == [None, None]
    assert runner.failures(check) == [None]


@pytest.mark.parametrize("options", ["", ", start_new_session=True"])
def test_no_process_is_left_behind(runner, processes, options):
    with runner.executor.session(
        runner.page(f"import subprocess\n_ = subprocess.Popen(['sleep', '987']{options})")
    ) as session:
        session.outcome(0)
        end = time.monotonic() + 5  # what has just been started has no environment yet
        while len(processes()) != 4 and time.monotonic() < end:
            time.sleep(0.01)
        # The server, who ends its pages when it cannot, the page, and what it started.
        assert len(processes()) == 4
    runner.executor.close()
    end = time.monotonic() + 5
    while processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert not processes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pages are forked")
def test_a_page_in_an_endless_loop_ends_with_a_server_that_is_killed(runner, processes):
    """It hears nothing, and what it forked and started goes on without it."""
    loops = "import os, subprocess\nos.fork()\nsubprocess.Popen(['sleep', '987'])\nwhile True: pass"
    session = runner.executor.session(runner.page("x = 1", loops))
    session.outcome(0)
    found = []
    thread = threading.Thread(target=lambda: found.append(session.outcome(1)), daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while len(processes()) != 6 and time.monotonic() < end:
        time.sleep(0.01)
    assert len(processes()) == 6
    os.kill(runner.executor._server._process.pid, signal.SIGKILL)
    while processes() and time.monotonic() < end:
        time.sleep(0.05)
    # An orphan in a container without an init stays as a zombie: it has no environment.
    assert not processes()
    thread.join(20)
    assert found[0].error["message"] == "did not end: its page was ended from outside"
    session.close()


def test_two_pages_that_import_a_broken_module(runner):
    (runner.path / "broken.py").write_text("x = 1\ny = x / 0\n")
    for name in ("a.md", "b.md"):
        page = runner.page("import broken", name=name)
        (outcome,) = runner.executor.run(page).outcomes
        failure = judge(page, page.executed[0], outcome)
        assert failure.reason == "ZeroDivisionError: division by zero (broken.py:2)"
        assert failure.line == 2
        assert 'broken.py", line 2' in failure.detail


def test_pages_run_side_by_side_in_order(runner):
    some = [
        runner.page(f"import time; time.sleep({0.3 - n / 10}); print({n})", name=f"{n}.md")
        for n in range(3)
    ]
    results = runner.executor.run_all(some)
    assert [result.outcomes[0].stdout for result in results] == ["0\n", "1\n", "2\n"]


def test_a_page_after_one_with_a_graph_has_one_package_not_pieces_of_two(runner):
    drawn = "```graph\nf(np.ones(3))\n```"
    assert runner.failures("import numpy as np\n\ndef f(x):\n    return np.sum(x**2)", drawn) == [
        None,
        None,
    ]
    (failure,) = runner.failures(
        "import numpy as np\nimport backprop as bp\n\n"
        "assert 'svg' in bp.draw(bp.trace(lambda x: np.sum(x * x), np.ones(3)))\n"
        "try:\n"
        "    bp.numeric_gradient(lambda x: np.maximum(x, 0), np.zeros(1))\n"
        "except bp.KinkError:\n"
        "    pass"
    )
    assert failure is None


def test_errors_have_the_line_of_the_page_also_inside_functions(runner):
    (failure,) = runner.failures("def f(x):\n    return 1 / x\n\nf(0)")
    assert failure == "3: ZeroDivisionError: division by zero"
    page, outcomes = runner.run("def g():\n    raise ValueError", "g()")
    failure = judge(page, page.executed[1], outcomes[1])
    assert failure.line == 7  # what called it in this fence
    assert 'post.md", line 3, in g' in failure.detail


def test_seedless_numbers_differ_between_runs_even_in_forks(runner):
    texts = {
        runner.run("import random, numpy as np\nprint(random.random(), np.random.rand())")[1][
            0
        ].stdout
        for _ in range(2)
    }
    assert len(texts) == 2


def test_sets_are_printed_in_the_same_order_every_time(tmp_path):
    texts = set()
    for _ in range(2):
        runner = Runner(tmp_path)
        with runner.executor:
            texts.add(runner.run("print(set('abcdefgh'))")[1][0].stdout)
    assert len(texts) == 1


def test_without_fork_every_page_is_an_interpreter_of_its_own(runner, monkeypatch):
    monkeypatch.delattr(os, "fork")
    assert runner.failures("import numpy\nprint(1)", "1 / 0") == [
        None,
        "7: ZeroDivisionError: division by zero",
    ]
    assert runner.executor._server is None
    assert runner.failures("import os; os._exit(4)") == [
        "1: ended the process of its page (exit code 4, os._exit?)"
    ]


def test_the_server_ends_with_the_process_that_started_it(tmp_path, processes):
    code = (
        "import sys, os, signal, pathlib\n"
        "from backprop.program import execute as program, page as pages\n"
        f"root = pathlib.Path({str(tmp_path)!r})\n"
        "(root / 'a.md').write_text('```python\\nx = 1\\n```\\n\\n```python\\nx\\n```')\n"
        "executor = program.Executor(root)\n"
        "session = executor.session(pages.load(root / 'a.md', root))\n"
        "session.outcome(0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    end = time.monotonic() + 5
    while processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert not processes()


def test_limits_are_for_one_fence(tmp_path):
    runner = Runner(tmp_path, seconds=1.5)
    with runner.executor:
        assert runner.failures(*["import time; time.sleep(0.6)"] * 4) == [None] * 4


def test_nothing_starts_before_a_fence_has_to_run(tmp_path):
    executor = Executor(tmp_path)
    assert executor.run_all([]) == []
    assert executor._server is None
    assert program.Executor(tmp_path).executed == []


DRAWN = (
    '```{{.python .figure alt="a"}}\nimport matplotlib.pyplot as plt\nimport numpy as np\n'
    "plt.plot(np.random.{how}.normal(size=9))\n```"
)


def test_a_drawing_from_seedless_numbers_is_called_unstable(runner):
    (failure,) = runner.failures(DRAWN.format(how="default_rng()"))
    assert failure.startswith("1: this drawing is unstable; seed its random numbers")
    assert runner.failures(DRAWN.format(how="default_rng(0)")) == [None]


def test_a_gradient_of_the_wrong_shape_is_named_where_a_later_line_stops(runner):
    setup = (
        "import numpy as np\nx = np.arange(6.0).reshape(2, 3)\ndy = np.ones(3)\n"
        "def f(x):\n    m = np.mean(x, axis=0)\n    d = x - m\n    y = np.sum(d * d, axis=0)\n"
        "    return y\nd = x - np.mean(x, axis=0)\n"
    )
    lines = "dd = 2 * d * dy\ndm = -np.sum(dd, axis=AXIS)\ndx = dd + dm / 2\nboom"
    fence = f'```{{.python check="f(x)"}}\n{lines}\n```'
    _, failure = runner.failures(setup, fence.replace("AXIS", "1"))
    assert failure.startswith(
        "16: `dm = -np.sum(dd, axis=1)` is not the gradient of m: it has shape"
    )
    assert "the axis is wrong" in failure
    assert "so line 17 stops with ValueError: operands could not be broadcast" in failure
    # Where all lines above are right, what stopped the fence is what is wrong with it.
    _, failure = runner.failures(setup, fence.replace("AXIS", "0"))
    assert failure == "18: NameError: name 'boom' is not defined"


def test_an_error_in_the_function_of_an_earlier_fence_says_where(runner):
    _, failure = runner.failures("def f(x):\n    return 1 / x", "y = 2\nf(0)")
    assert failure == "8: ZeroDivisionError: division by zero (post.md:3)"
    _, failure = runner.failures(
        "import numpy as np\ndef f(x):\n    return x @ x", "```graph\nf(np.ones((2, 3)))\n```"
    )
    assert failure.endswith("(post.md:4)")


def test_what_follows_from_a_failure_is_counted_in_one_line(runner):
    page, outcomes = runner.run(
        *("def f(x) return x", "y = f(2)", "z = y + 1", "print(1)", "1 / 0", "z\nf"),
        "t = 1",
        "u = y",
    )
    failures = []
    for index, (step, outcome) in enumerate(zip(page.executed, outcomes, strict=True)):
        if failure := judge(page, step, outcome):
            failures.append(consequence(page, outcomes, index, failure))
    # Each says of itself what it follows from: the first, also where that is a link in a chain.
    assert [one.cause for one in failures] == [0, 1, 1, 0, 1, 1]
    syntax, counted, other = map(str, told(failures))
    assert syntax.startswith("post.md:2: SyntaxError: ")
    assert counted == "post.md:1: 4 fences below fail because this one does: lines 6, 10, 22, 31"
    assert other.startswith("post.md:18: ZeroDivisionError: ")
    assert "perhaps a consequence: the fence of line 1" in other
    assert [follows(one.reason) for one in told(failures)] == [False, True, False]
    assert told(failures[:2]) == failures[:2], "one is not counted but said"
    # A name that both lack is no consequence: each is to be mended.
    page, outcomes = runner.run("prnt(1)", "prnt(2)", "prnt(3)")
    failures = [
        consequence(page, outcomes, index, judge(page, step, outcomes[index]))
        for index, step in enumerate(page.executed)
    ]
    assert [one.cause for one in told(failures)] == [0, 0, 0]


def test_a_path_of_this_machine_is_no_output(runner):
    (failure,) = runner.failures("```python\nprint(__file__)\n```\n\n```output\n?\n```")
    assert f"it prints a path of this machine ({runner.path})" in failure


def test_the_graph_of_large_arrays_is_checked_without_moving_every_entry(runner):
    setup = (
        "import numpy as np\nrng = np.random.default_rng(0)\n"
        "x, w = rng.normal(size=(64, 784)), rng.normal(size=(784, 100))\n"
        "def f(x, w):\n    return np.mean(np.maximum(0, x @ w), axis=0)\n"
        "def g(x):\n    return np.sort(x, axis=0)\n"
    )
    graphs = ("```graph\nf(x, w)\n```", "```graph\ng(x)\n```")
    assert runner.failures(setup, *graphs) == [None] * 3
    lie = "import backprop.writer as m\nright = m.Backward.__call__\n" + (
        "m.Backward.__call__ = lambda self, *a: tuple(1.01 * g for g in right(self, *a))"
    )
    found = runner.failures(setup + lie, graphs[0])
    assert found[1].endswith("the derived backward of this call is wrong")


# ---- what is remembered --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "first", "later"),
    [
        ("import sys\nprint(sys._getframe().f_lineno)", "3\n", "5\n"),
        (
            "import backprop as bp\nimport numpy as np\n"
            "print(bp.check(lambda x: x**2, lambda dout, x: x * dout, np.arange(1.0, 4)).message"
            ".split('.')[0])",
            "What line 4 returns as `return[0]` is wrong\n",
            "What line 6 returns as `return[0]` is wrong\n",
        ),
        ("print(3, 0.5)", "3 0.5\n", None),
    ],
)
def test_a_line_that_is_named_in_an_output_is_remembered_only_where_it_stands(
    tmp_path, code, first, later
):
    path = tmp_path / "post.md"
    store = cache.Cache(Store(tmp_path / "kept"), tmp_path)

    def printed(above=""):
        path.write_text(f"{above}```python\n{code}\n```\n")
        with Executor(tmp_path) as executor:
            page = pages.load(path, tmp_path, "en")
            known = store.get(page)
            (result,) = store.results([page], executor)
        return known is not None, result.outcomes[0].stdout

    assert printed() == (False, first)
    assert printed() == (True, first)
    moved = printed("A line more.\n\n")
    assert moved == ((True, first) if later is None else (False, later))


def test_what_a_page_did_is_remembered_by_everything_that_it_depends_on(tmp_path, monkeypatch):
    path = tmp_path / "post.md"

    def key(text="```python\nx = 1\nprint(x)\n```\n", language="en"):
        path.write_text(text)
        return cache.key(pages.load(path, tmp_path, language))

    first = key()
    assert key("A line more.\n\n```python\nx = 1\nprint(x)\n```\n") == first
    others = [
        key("```python\nx = 2\nprint(x)\n```\n"),
        key("```python\nx = 1\n```\n\n```python\nprint(x)\n```\n"),
        key(language="zh"),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version", "4.0.0")
        others.append(key())
    assert len({first, *others}) == 1 + len(others)
    assert key() == first


SNIPPETS = "site_name: N\nmarkdown_extensions:\n  - pymdownx.snippets: {base_path: [parts]}\n"
HELPER = """\
# --8<-- [start:twice]
def twice(a):
    return 2 * a
# --8<-- [end:twice]


def broken(a):
    return a / 0
"""


def test_a_fence_runs_the_files_that_it_includes(runner):
    (runner.path / "mkdocs.yml").write_text(SNIPPETS)
    (runner.path / "parts").mkdir()
    (runner.path / "parts/helper.py").write_text(HELPER)
    (runner.path / "parts/wrong.py").write_text("a = 1\nb = 1 / 0\n")
    (runner.path / "parts/unread.py").write_text("a = 1\nb = = 2\n")
    assert runner.failures(
        'x = 1\n--8<-- "helper.py"\nassert twice(x) == 2\nbroken(x)',
        'y = 0\n\n--8<-- "wrong.py:2:2"',
        '--8<-- "unread.py"',
        'def f():\n    --8<-- "helper.py:twice"\n    return twice(4)\n\n\nprint(f(), 1 / 0)',
    ) == [
        "5: ZeroDivisionError: division by zero (parts/helper.py:8)",
        "11: ZeroDivisionError: division by zero (parts/wrong.py:2)",
        "15: SyntaxError: invalid syntax (unread.py, line 2)",
        "24: ZeroDivisionError: division by zero",
    ]
    page = runner.page('--8<-- "gone.py"', "```output\n--8<--\n```")
    assert [(one.line, "gone.py" in one.message) for one in page.problems] == [(2, True)]
    page = runner.page('```{.python check="f(x)"}\n--8<-- "helper.py"\n```')
    assert "includes no file" in page.problems[0].message
    (runner.path / "mkdocs.yml").write_text("site_name: N\n")
    page = runner.page('import numpy\n--8<-- "helper.py"')
    assert page.problems[0].line == 3
    assert "pymdownx.snippets" in page.problems[0].message


def test_a_page_runs_again_when_a_file_that_it_includes_has_changed(runner):
    (runner.path / "mkdocs.yml").write_text(SNIPPETS.replace("parts", "."))
    kept = cache.Cache(Store(runner.path / "kept"), runner.path)
    for value in (1, 2):
        (runner.path / "part.py").write_text(f"print({value})\n")
        page = runner.page('--8<-- "part.py"')
        (result,) = kept.results([page], runner.executor)
        assert result.outcomes[0].stdout == f"{value}\n"


def test_a_fence_may_await_at_its_top_level(runner):
    page, outcomes = runner.run(
        "import asyncio\nlock = asyncio.Lock()\nawait asyncio.sleep(0)",
        "async def one():\n    return 1\n\n\nasync with lock:\n    print(await one())",
        "print(asyncio.run(one()))",
    )
    assert [one.error for one in outcomes] == [None] * 3
    assert [one.stdout for one in outcomes] == ["", "1\n", "1\n"]
    assert [pages.awaits(step.code) for step in page.executed] == [True, True, False]
    assert runner.failures("import asyncio\nawait asyncio.sleep(1 / 0)") == [
        "3: ZeroDivisionError: division by zero"
    ]


def test_a_page_finds_the_data_beside_it(runner):
    """It may read them, never change them, and runs again when they have changed."""
    folder = runner.path / "posts"
    (folder / "data").mkdir(parents=True)
    for value in ("1 2", "3 4"):
        kept = cache.Cache(Store(runner.path / "kept"), runner.path)
        (folder / "data/numbers.txt").write_text(value)
        page = runner.page(
            "import os\nprint(open('data/numbers.txt').read(), os.listdir('data'))",
            name="posts/post.md",
        )
        (result,) = kept.results([page], runner.executor)
        assert result.outcomes[0].stdout == f"{value} ['numbers.txt']\n"
    page = runner.page("open('data/numbers.txt', 'w')", name="posts/post.md")
    assert "must not change" in runner.executor.run(page).outcomes[0].error["message"]
    assert (folder / "data/numbers.txt").read_text() == "3 4"
    (failure,) = runner.failures("open('docs/numbers.txt')")
    assert "open data/numbers.txt" in failure
    # What is no file of the project is not put there.
    (failure,) = runner.failures("import subprocess\nsubprocess.run(['no-such-program'])")
    assert "data/" not in failure
    assert "PATH" in failure
    assert runner.failures("open('/nowhere/numbers.txt')") == [
        "2: FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/numbers.txt'"
    ]
