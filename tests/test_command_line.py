"""python -m backprop: exit status, output, and messages that show what would be right."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backprop.__main__ import main

LAYERS = """
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param=None):
    mode = (bn_param or {}).get("mode", "train")
    assert mode == "train"
    mean = x.mean(axis=0)
    diff = x - mean
    var = (diff ** 2).mean(axis=0)
    std = np.sqrt(var + 1e-5)
    xhat = diff / std
    out = gamma * xhat + beta
    return out, (xhat, gamma, std)


def batchnorm_backward(dout, cache):
    xhat, gamma, std = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dx = gamma / (N * std) * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta


def wrong_backward(dout, cache):
    xhat, gamma, std = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dx = gamma / (N * std) * (N * dout - dbeta + xhat * dgamma)
    return dx, dgamma, dbeta


def pick(x, y, p=1.0):
    out = x[np.arange(len(y)), y] * p
    return out, (x, y, p)


def pick_backward(dout, cache):
    x, y, p = cache
    dx = np.zeros_like(x)
    dx[np.arange(len(y)), y] = dout * p
    return dx


def raises(x):
    scale = x.shape[7]
    return x * scale


def untraceable(x):
    return np.array([float(x[0])])


constant = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "layers.py").write_text(LAYERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("backprop.cli.functions._loaded", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name, module in list(sys.modules.items()):  # of the test's own files
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def run(capsys, *argv):
    status = main(list(argv))
    out, err = capsys.readouterr()
    return status, out, err


SHAPES = ("x=5x4", "gamma=4", "beta=4")
F, RIGHT, WRONG = (
    f"layers.py:{n}" for n in ("batchnorm_forward", "batchnorm_backward", "wrong_backward")
)


def test_right_is_0(folder, capsys):
    status, out, err = run(capsys, "check", F, RIGHT, *SHAPES)
    assert (status, err) == (0, "")
    assert out.startswith("✓ batchnorm_backward")


def test_wrong_is_1_and_names_the_line(folder, capsys):
    status, out, _ = run(capsys, "check", F, WRONG, *SHAPES, "--lang", "en")
    assert status == 1
    assert "`dx` on line 31 is wrong. The sign of `xhat * dgamma` is wrong." in out
    assert "\x1b[" not in out  # not a terminal


def test_chinese(folder, capsys):
    status, out, _ = run(capsys, "check", F, WRONG, *SHAPES, "--lang", "zh")
    assert status == 1
    assert "第 31 行的 `dx` 错了" in out


def test_json(folder, capsys):
    status, out, _ = run(capsys, "check", F, WRONG, *SHAPES, "--json")
    found = json.loads(out)
    assert status == 1
    assert (found["first_wrong"], found["line"], found["hint"]) == ("dx", 31, "sign")


def test_a_course_says_how_much_is_told_and_what_is_near_enough(folder, capsys):
    command = ["check", "layers.py:batchnorm_forward", "layers.py:wrong_backward"]
    shapes = ["x=5x4", "gamma=4", "beta=4", "--lang", "en"]
    assert main([*command, *shapes, "--json", "--reveal", "variable"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["first_wrong"], told["hint"], told["reveal"]) == ("dx", None, "variable")
    assert main([*command, *shapes, "--reveal", "hint"]) == 1
    out = capsys.readouterr().out
    assert "The sign is wrong." in out
    assert "this would be right" not in out
    assert main([*command, *shapes, "--tolerance", "0"]) == 2
    assert "--tolerance 0" in capsys.readouterr().err


def test_integers_numbers_json_and_files(folder, capsys):
    arguments = ("x=5x10", "y=int:5<10", "p=0.5")
    assert run(capsys, "check", "layers.py:pick", "layers.py:pick_backward", *arguments)[0] == 0
    np.save(folder / "x.npy", np.random.default_rng(0).normal(size=(5, 10)))
    assert (
        run(capsys, "check", "layers.py:pick", "layers.py:pick_backward", "x=@x.npy", "y=int:5<3")[
            0
        ]
        == 0
    )
    status, _out, _ = run(capsys, "check", F, RIGHT, *SHAPES, 'bn_param={"mode": "train"}')
    assert status == 0


def test_modules_work_as_well_as_files(folder, capsys):
    assert (
        run(capsys, "check", "layers:batchnorm_forward", "layers:batchnorm_backward", *SHAPES)[0]
        == 0
    )


def test_derive_prints_a_function_that_runs(folder, capsys):
    status, out, _ = run(capsys, "derive", "layers.py:pick", "x=5x10", "y=int:5<10")
    assert status == 0
    scope = {"np": np}
    exec(out, scope)
    x, y = np.ones((2, 3)), np.array([0, 2])
    np.testing.assert_array_equal(scope["pick_backward"](np.ones(2), x, y).sum(), 2)


def test_draw_writes_svg(folder, capsys):
    status, out, _ = run(capsys, "draw", F, *SHAPES, "--output", "graph.svg", "--direction", "down")
    assert (status, out) == (0, "")
    assert (folder / "graph.svg").read_text().startswith("<svg")
    assert run(capsys, "draw", F, *SHAPES)[1].startswith("<svg")


def test_trace_prints_a_table(folder, capsys):
    status, out, _ = run(capsys, "trace", F, *SHAPES)
    lines = out.splitlines()
    assert status == 0
    assert lines[0].split() == ["line", "name", "operation", "shape", "from"]
    row = next(text.split() for text in lines if " diff " in text)
    assert row == ["9", "diff", "subtract", "(5,", "4)", "x,", "mean"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("check", F, RIGHT, "x=5y4", "gamma=4", "beta=4"), ("x=5y4", "x=5x4")),
        (("check", F, RIGHT, "x=5x", "gamma=4", "beta=4"), ("x=5x", "x=5x4")),
        (("check", F, RIGHT, "x=5x4", "gamma=4"), ("needs `beta`", "beta=5x4")),
        (("check", F, RIGHT, "z=5x4"), ("no parameter `z`", "x, gamma, beta, bn_param")),
        (("check", F, RIGHT, "5x4"), ("'5x4' is no argument", "x=5x4")),
        (("check", F, RIGHT, "x=5x4", "x=3x4"), ("`x` is given twice",)),
        (("check", F, RIGHT, "x=@no.npy", "gamma=4", "beta=4"), ("there is no file no.npy",)),
        (("check", F, RIGHT, "x=@layers.py", "gamma=4", "beta=4"), ("not a .npy file",)),
        (("derive", "layers.py:pick", "x=5x10", "y=int:5"), ("need a bound", "y=int:5<10")),
        (("derive", "layers.py:pick", "x=float:5<2", "y=int:5<2"), ("only int has a bound",)),
        (("derive", "layers.py:pik", "x=5"), ("`pik` does not exist", "pick, pick_backward")),
        (("derive", "layers.py:constant", "x=5"), ("`constant` is not a function",)),
        (("derive", "layers.py", "x=5"), ("names no function", "FILE.py:NAME")),
        (("derive", "nowhere.py:f", "x=5"), ("there is no file nowhere.py",)),
        (("derive", "no_such_module:f", "x=5"), ("there is no module no_such_module",)),
        (("derive", "layers.py:untraceable", "x=5"), ("TraceError", "float")),
        (("draw", F, *SHAPES, "-o", "no/where.svg"), ("there is no folder no",)),
    ],
)
def test_usage_is_2_and_shows_what_would_be_right(folder, capsys, argv, said):
    status, out, err = run(capsys, *argv)
    assert (status, out) == (2, "")
    for part in said:
        assert part in err
    assert "Traceback" not in err


def test_an_exception_in_the_users_code_shows_the_users_line(folder, capsys):
    status, _, err = run(capsys, "trace", "layers.py:raises", "x=5")
    assert status == 2
    assert "IndexError" in err
    assert "scale = x.shape[7]" in err
    assert "Traceback" not in err


def test_a_file_that_does_not_parse_names_file_and_line(folder, capsys):
    (folder / "broken.py").write_text("def f(x):\n    return x +\n")
    status, _, err = run(capsys, "trace", "broken.py:f", "x=5")
    assert status == 2
    assert "broken.py:2" in err


def test_the_module_is_a_command(folder):
    done = subprocess.run(
        [sys.executable, "-m", "backprop", "check", F, WRONG, *SHAPES, "--lang", "en"],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "`dx` on line 31" in done.stdout
    assert done.stderr == ""


def test_commands_run_only_when_they_are_called():
    """pytest imports every module in which it looks for examples, `python -m pytest` included."""
    root = Path(__file__).parents[1]
    commands = [
        ".".join(path.relative_to(root).with_suffix("").parts)
        for folder in ("backprop", "tests")
        for path in sorted((root / folder).rglob("__main__.py"))
        if "node_modules" not in path.parts
    ]
    assert {"backprop.__main__", "tests.benchmarks.__main__"} <= set(commands)
    for name in commands:
        program = f"import sys; sys.argv = ['pytest', '--no-such-option']; import {name}"
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), name
