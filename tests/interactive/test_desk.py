"""The Python of the page, asked in this Python: what it answers is what the page shows."""

import json
import os
import re
import subprocess
import sys

import pytest

from backprop.desk import answer
from backprop.desk.reader import module
from backprop.site.interactive.examples import LAYERS, examples


def ask(**request):
    said = []
    found = json.loads(answer(json.dumps(request), lambda *pieces: said.append(pieces)))
    return found, "".join(text for stream, text in said if stream == "stdout")


def run(*codes, lang="en", **last):
    steps = [{"kind": "python", "code": code} for code in codes]
    steps[-1] |= last
    return ask(what="run", lang=lang, steps=steps)


FORWARD = "def f(x):\n    y = x * x\n    return y\n"


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_every_example_is_right_or_has_the_mistake_that_its_row_names(layer):
    found = examples()
    right, _ = ask(what="check", lang="en", **found[f"{layer.name}-right"])
    wrong, _ = ask(what="check", lang="en", **found[f"{layer.name}-wrong"])
    assert right["ok"], right["text"]
    assert not wrong["ok"]
    assert wrong["hint"] == layer.hint
    assert str(wrong["line"]) in wrong["told"]["variable"]
    assert layer.wrong not in wrong["told"]["hint"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_is_that_of_the_command_line_to_the_letter(tmp_path, lang):
    example = examples()["batchnorm-wrong"]
    for name in ("forward", "backward"):
        (tmp_path / f"{name}.py").write_text(example[name], "utf-8")
    functions = ["forward.py:batchnorm_forward", "backward.py:batchnorm_backward"]
    command = [sys.executable, "-m", "backprop", "check", *functions]
    command += [*example["arguments"].split(), "--lang", lang]
    cli = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found, _ = ask(what="check", lang=lang, **example)
    assert cli.returncode == 1, cli.stderr
    assert found["text"] + "\n" == cli.stdout


def test_the_backward_may_use_what_the_forward_defines_and_numpy_without_an_import():
    forward = "def half(x):\n    return x / 2\n\ndef f_forward(x):\n    return half(x), ()\n"
    backward = "def f_backward(dout, cache):\n    return half(np.asarray(dout))\n"
    found, _ = ask(what="check", lang="en", forward=forward, backward=backward, arguments="x=3")
    assert found["ok"], found


@pytest.mark.parametrize(
    ("forward", "backward", "arguments", "where", "line", "words"),
    [
        ("def f(x:\n    return x\n", "", "x=3", "forward", 1, "SyntaxError"),
        (FORWARD, "# soon", "x=3", "backward", 1, "no function"),
        (FORWARD, "def b(dy, x):\n    return dy *\n", "x=3", "backward", 2, "SyntaxError"),
        (FORWARD, "def b(dy, x):\n    return dy\n", "", "arguments", None, "needs `x`"),
        (FORWARD, "def b(dy, x):\n    return dy\n", "z=3", "arguments", None, "no parameter `z`"),
        (FORWARD, "def b(dy, x):\n    return dy\n", "x=5y4", "arguments", None, "x=5x4"),
        (FORWARD, "def b(dy): 0\n", f"x={9**9}x{9**9}", "arguments", None, "memory"),
        (FORWARD, "def b(dy, x):\n    return dy\n", f"x={'9x' * 80}9", "arguments", None, "x=9x9"),
        (FORWARD, "1 / 0\n", "x=3", "backward", 1, "ZeroDivisionError"),
        ("def f(x):\n    return open(x)\n", "def b(dy):\n    0\n", "x=3", "forward", 2, ""),
    ],
)  # fmt: skip
def test_code_that_cannot_be_checked_says_where_and_why(
    forward, backward, arguments, where, line, words
):
    found, _ = ask(what="check", lang="en", forward=forward, backward=backward, arguments=arguments)
    assert (found["fault"]["where"], found["fault"]["line"]) == (where, line)
    assert words in found["fault"]["message"]
    if where == "arguments":  # what is wrong with the shapes is said in the language of the page
        found, _ = ask(
            what="check", lang="zh", forward=forward, backward=backward, arguments=arguments
        )
        assert words.split()[-1] in found["fault"]["message"] or words == "memory"
        assert re.search("参数|需要|看不懂|改小", found["fault"]["message"])


def test_without_a_backward_the_gradients_of_a_loss_are_checked():
    loss = "def f(x):\n    loss = np.sum(x * x)\n    dx = 3 * x\n    return loss, dx\n"
    found, _ = ask(what="check", lang="en", forward=loss, backward=" ", arguments="x=3")
    assert (found["first_wrong"], found["line"], found["hint"]) == ("dx", 3, "factor")


def test_a_fence_runs_after_the_program_before_it_which_is_silent():
    found, printed = run("a = 20\nprint('before')", "print(a + 1)")
    assert (found, printed) == ({"lost": 0}, "21\n")


def test_a_fence_that_shall_raise_does_not_end_the_program():
    steps = [
        {"kind": "python", "code": "1 / 0", "raises": True},
        {"kind": "graph", "code": "f(x)"},
        {"kind": "python", "code": "print(1)"},
    ]
    assert ask(what="run", lang="en", steps=steps)[1] == "1\n"


def test_what_goes_wrong_before_the_fence_is_called_so():
    found, _ = run("1 / 0", "print(1)", lang="zh")
    assert found["fault"]["where"] == "before"
    assert "前面" in found["fault"]["advice"]


def test_the_line_of_an_error_is_that_of_the_editor():
    found, printed = run("def g():\n    return {}['k']", "print('on')\n\ng()")
    assert printed == "on\n"
    assert (found["fault"]["where"], found["fault"]["line"]) == ("code", 3)
    assert found["fault"]["message"] == "KeyError: 'k'"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("input('name? ')", "Nobody can be asked"),
        ("import pandas_of_nobody", "no other package"),
        ("raise MemoryError", "less memory"),
        ("breakpoint()", "Nobody can be asked"),
        # What Python says in a browser, which can do neither.
        ('raise RuntimeError("can\'t start new thread")', "begins no thread"),
        ("raise ValueError('array is too big; …')", "less memory"),
        ("raise OSError(138, 'emscripten does not support processes.')", "no other program"),
    ],
)
def test_what_a_page_cannot_do_is_said(code, words):
    found, _ = run(code)
    assert words in found["fault"]["advice"]


def test_ten_megabytes_of_output_are_cut_and_counted():
    found, printed = run("for _ in range(10):\n    print('x' * 1_000_000)")
    assert len(printed) == 100_000
    assert found["lost"] == 10 * 1_000_001 - 100_000


def test_a_figure_says_what_it_would_need():
    found, _ = run("import matplotlib.pyplot as plt\nplt.plot([1])", figure=True)
    assert "matplotlib" in found["note"]


@pytest.mark.parametrize(
    "code",
    [
        "np.set_printoptions(precision=1)",
        "np.seterr(all='raise')",
        "np.sum = np.linalg.norm = None",
        "np.mine = 1",
        "import builtins\nbuiltins.sum = len\nbuiltins.mine = 1",
        "import math\nmath.pi = 3",
        "import warnings\nwarnings.simplefilter('error')",
        "import sys\nsys.modules['json'] = sys.modules['numpy'] = None",
        "import sys\nsys.modules.clear()",
        "import sys\nsys.path.clear()\nsys.setrecursionlimit(200)\nsys.settrace(lambda *_: None)",
        "import sys\nsys.stdout = sys.stderr = None",
        "import os\nopen('kept', 'w').close()\nos.mkdir('below')\nos.chdir('below')",
        "a = [0] * 1000\nimport sys\nsys.modules['__main__'].kept = a",
    ],
)
def test_what_a_run_changed_is_as_before_in_the_next(code):
    """Whatever readers do to what the whole Python shares, the next run begins afresh."""
    look = (
        "import builtins, json, math, os, sys, warnings\n"
        "print(np.array([0.123456]), np.geterr(), np.sum([1, 2]), np.linalg.norm([3, 4]))\n"
        "print(hasattr(np, 'mine'), hasattr(builtins, 'mine'), sum([1, 2]), math.pi)\n"
        "print(len(warnings.filters), sys.path, sys.getrecursionlimit(), sys.gettrace())\n"
        "print(os.listdir(), hasattr(sys.modules['__main__'], 'kept'))\n"
    )
    home = os.getcwd()
    found, before = run("import numpy as np", look)
    assert found == {"lost": 0}, found
    run("import numpy as np", code)
    assert run("import numpy as np", look) == (found, before)
    assert os.getcwd() == home


def test_what_a_reader_kept_in_a_module_is_gone_with_its_run():
    example = examples()["relu-right"]
    ask(what="check", lang="en", **example)
    assert not {"forward", "backward"} & sys.modules.keys()


def test_sys_exit_is_a_fault_and_not_the_end():
    found, _ = run("import sys\nsys.exit(3)")
    assert found["fault"]["message"] == "SystemExit: 3"


def test_a_doctest_is_shown_as_a_console_shows_it():
    found, printed = run("a = 2", ">>> a + 1\n3\n>>> for i in range(2):\n...     print(i)\n0\n5\n",
                         kind="pycon")  # fmt: skip
    assert printed == ">>> a + 1\n3\n>>> for i in range(2):\n...     print(i)\n0\n1\n"
    assert found["right"] is False


def test_a_graph_follows_the_code_the_shapes_and_the_values():
    steps = [{"kind": "python", "code": f"import numpy as np\n\n{FORWARD}x = np.ones(3)"}]
    page, _ = ask(what="graph", lang="en", steps=steps, call="f(x)")
    assert page["source"] == FORWARD.rstrip()
    assert page["arguments"] == "x=3"
    assert page["entries"] == {"x": [1.0, 1.0, 1.0]}
    changed, _ = ask(
        what="graph", lang="en", steps=steps, call="f(x)", arguments="x=2x2",
        source="def f(x):\n    z = np.exp(x)\n    return z\n", entries={"x": [[0, 0], [0, 0]]},
    )  # fmt: skip
    assert "exp" in changed["html"]
    assert "(2, 2)" in changed["html"]
    assert "square" not in changed["html"]


@pytest.mark.parametrize(
    ("source", "where", "line", "words"),
    [
        ("def f(x, w):\n    return x * w\n", "arguments", None, "还需要 `w`"),
        ("def f(x):\n    s = float(np.sum(x))\n    return x * s\n", "code", 2, "得不到计算图"),
        ("def f(x):\n    y = x * 2\n", "code", 1, "returns None"),
        ("def f(x):\n    return x * gama\n", "code", 2, "NameError"),
        ("", "code", 1, "def f(x): …"),
        ("# def f(x):\n", "code", 1, "def f(x): …"),
        ("class Layer:\n    pass\n", "code", 1, "def f(x): …"),
    ],
)
def test_a_changed_forward_that_cannot_be_drawn_says_where_and_why(source, where, line, words):
    steps = [{"kind": "python", "code": f"import numpy as np\n\n{FORWARD}x = np.ones(3)"}]
    found, _ = ask(what="graph", lang="zh", steps=steps, call="f(x)", source=source)
    assert (found["fault"]["where"], found["fault"]["line"]) == (where, line)
    assert words in found["fault"]["message"]


def test_numbers_that_no_field_can_show_are_left_to_the_page():
    code = f"import numpy as np\n\n{FORWARD}x = np.array([1.0, -np.inf])"
    steps = [{"kind": "python", "code": code}]
    found = answer(json.dumps({"what": "graph", "lang": "en", "steps": steps, "call": "f(x)"}))
    assert json.loads(found, parse_constant=pytest.fail)["entries"] == {}


def test_a_changed_forward_keeps_the_arguments_that_it_still_has():
    code = "import numpy as np\n\ndef f(x, w):\n    return x * w\n\nx, w = np.ones(3), np.ones(3)"
    found, _ = ask(
        what="graph", lang="en", steps=[{"kind": "python", "code": code}], call="f(x, w)",
        source="def f(w, scale=2.0):\n    return w * scale\n",
    )  # fmt: skip
    assert found["arguments"] == "w=3"
    assert list(found["entries"]) == ["w"]


def test_a_figure_of_the_page_is_the_one_of_the_post():
    from backprop.public import trace
    from backprop.site.posts.graphs import figure

    steps = [{"kind": "python", "code": f"import numpy as np\n\n{FORWARD}x = np.ones(3)"}]
    found, _ = ask(what="graph", lang="zh", steps=steps, call="f(x)")
    made = module("post", steps[0]["code"], {}, "zh")
    assert "bp-figure" in found["html"]
    drawing = figure(trace(made.f, made.x), None, "zh").split("bp-drawings")[1]
    assert drawing.split("bp-codes")[0] in found["html"]


@pytest.mark.parametrize("call", ["f(", "f", "g(x)", ""])
def test_what_is_no_call_gets_advice(call):
    found, _ = ask(what="graph", lang="en", steps=[{"kind": "python", "code": FORWARD}], call=call)
    assert "variance(x)" in found["fault"]["message"]


@pytest.mark.parametrize(
    ("code", "line", "what", "right"),
    [
        ("ddiff = -2 * diff * dsquare", 2, "不是 diff 的梯度：正负号反了", "应为 `ddiff = "),
        ("dgiff = 2 * diff * dsquare", 2, "是不是想写 `ddiff`", ""),
        ("", None, "还没有一行算出 `ddiff`", ""),
        ("def g():\n    pass", 2, "把其中的行写在最外层", ""),
    ],
)
def test_what_is_wrong_in_an_exercise_is_said_in_the_readers_language_and_in_steps(
    code, line, what, right
):
    forward = (
        "import numpy as np\n\ndef variance(x):\n    mean = np.mean(x, axis=0)\n"
        "    diff = x - mean\n    square = diff ** 2\n    var = np.mean(square, axis=0)\n"
        "    return var\n\nx = np.arange(20.0).reshape(5, 4) ** 2\ndvar = np.arange(4.0)\n"
        "diff = x - x.mean(0)"
    )
    found, _ = ask(
        what="exercise", lang="zh-Hans", steps=[{"kind": "python", "code": forward}],
        code=f"dsquare = dvar / x.shape[0]\n{code}", check="variance(x)", wanted=["ddiff"],
    )  # fmt: skip
    assert (found["ok"], found["line"]) == (False, line)
    assert what in found["what"]
    assert right in found["message"]
    assert "应为" not in found["what"], "the answer is another step"
