"""What people meet: Markdown, the command line, the cache, code, the site."""
# ruff: noqa: E501  (rows of a derivation are as long as they are)

import contextlib
import json
import sqlite3
import subprocess
import sys
import zlib

import pytest

from backprop.derivations.__main__ import main
from backprop.derivations.page import verify_page
from backprop.derivations.reading.find import derivations
from backprop.derivations.reading.lines import rows, without_comments
from backprop.program.store import Store

from .helpers import ROOT, SOFTMAX, VARIANCE, page, site

RIGHT = page(SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} - p_j)")
WRONG = page(SOFTMAX, r"\frac{\partial p_i}{\partial z_j} &= p_i (\delta_{ij} + p_j)")


# --- Markdown ------------------------------------------------------------------------------


def test_blocks_are_found_in_containers_and_not_in_code():
    block = "/// derivation | In a box\nLet $t \\in \\mathbb{R}$.\n\n$$\nt = t\n$$\n///"
    indented = "\n".join("    " + line for line in block.split("\n"))
    quoted = "\n".join("> " + line for line in block.split("\n"))
    text = f"!!! note\n\n{indented}\n\n{quoted}\n\n````\n{block}\n````\n\n```math\nt = 1\n```\n"
    found = derivations(text)
    assert [(d.title, d.line, d.end_line) for d in found] == [
        ("In a box", 3, 9),
        ("In a box", 11, 17),
    ]
    assert [[f.kind for f in d.formulas] for d in found] == [["inline", "display"]] * 2
    assert found[1].formulas[1].rows[0].first_line == 15
    assert all(r.ok for _, r in verify_page(text, prove=False))


def test_rows_have_lines_and_comments_belong_to_the_row_they_end():
    tex = "\n\\begin{align*}\na &= b \\\\ % check: a = b\n% a remark\n\nc &= d % unchecked: no\n\\end{align*}\n"
    first, second = rows(tex, 10)
    assert (first.first_line, first.text, first.directives) == (12, "a = b", {"check": "a = b"})
    assert (second.first_line, second.text, second.directives) == (15, "c = d", {"unchecked": "no"})
    assert "%" not in without_comments(tex)
    assert without_comments(r"50\% &= x % y") == r"50\% &= x"


@pytest.mark.parametrize("env", ["align", "align*", "aligned", "gather*", "split", "alignat*}{2"])
def test_environments(env):
    name = env.split("}")[0]
    tex = f"\\begin{{{env}}}\na &= b \\\\[2ex] &= c\n\\end{{{name}}}"
    assert [r.text for r in rows(tex, 1)] == ["a = b", "= c"]


def test_formulas_on_one_line_in_fences_and_in_brackets():
    text = (
        "/// derivation\nLet $t \\in \\mathbb{R}$ and `$no$` and $`u \\in \\mathbb{R}`$.\n\n"
        "$$ t = t $$\n\n```math\nu = u\n```\n\n\\[ t + u = u + t \\]\n\n"
        "\\begin{align*}\nt &= t\n\\end{align*}\n///\n"
    )
    ((block, report),) = verify_page(text, prove=False)
    assert [f.kind for f in block.formulas].count("display") == 4
    assert [v.line for v in report.verdicts] == [4, 7, 10, 13]
    assert report.ok


def test_a_block_without_end_or_rows_is_refused():
    ((_, report),) = verify_page("/// derivation\n$t \\in \\mathbb{R}$\n", prove=False)
    assert [v.problem.key for v in report.verdicts] == ["unclosed-block"]
    ((_, report),) = verify_page("/// derivation\n$t \\in \\mathbb{R}$\n///\n", prove=False)
    assert [v.problem.key for v in report.verdicts] == ["no-rows"]


def test_a_misspelt_block_or_option_is_not_passed_over():
    ((_, report),) = verify_page(RIGHT.replace("derivation", "derivaton"), prove=False)
    assert [v.problem.key for v in report.verdicts] == ["misspelt-block"]
    assert "/// derivaton" in report.verdicts[0].problem.text()
    text = RIGHT.replace("/// derivation", "/// derivation\n    contineus: true")
    ((_, report),) = verify_page(text, prove=False)
    assert [v.problem.key for v in report.verdicts if v.problem] == ["misspelt-option"]


@pytest.mark.parametrize("word", ["deriv", "derive", "derivations", "Derivaton", "dervation"])
def test_a_block_that_was_meant_as_a_derivation_is_an_error(word, tmp_path):
    text = RIGHT.replace("/// derivation", f"/// {word}")
    found = [v for _, r in verify_page(text, prove=False) for v in r.verdicts]
    assert [v.problem.key for v in found] == ["misspelt-block"]
    (tmp_path / "post.md").write_text(text, "utf-8")
    assert main([str(tmp_path / "post.md")]) == 1


def test_formulas_displayed_within_a_paragraph_are_rows():
    row = r"\sum_k p_k = 2"
    for display in (
        f"so $$ {row} $$ holds",
        f"- $$ {row} $$",
        f"So\n\\begin{{align*}}\n{row}\n\\end{{align*}}",
    ):
        text = f"/// derivation\n{SOFTMAX}\n\n{display}\n///\n"
        ((_, report),) = verify_page(text, prove=False)
        assert [v.status for v in report.verdicts] == ["wrong"], display


# --- the command line ------------------------------------------------------------------------


def test_the_command_line_prints_a_line_a_row_and_the_counts(tmp_path, capsys):
    path = tmp_path / "post.md"
    path.write_text(RIGHT, "utf-8")
    assert main([str(path)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"{path}:6  proved ")
    assert out[-1] == "1 proved, 0 checked, 0 waived, 0 not checked, 0 wrong"


def test_the_command_line_fails_for_wrong_rows_in_either_language(tmp_path, capsys):
    path = tmp_path / "post.md"
    path.write_text(WRONG, "utf-8")
    assert main([str(path), "--no-proof"]) == 1
    assert "left and right differ" in capsys.readouterr().out
    assert main([str(path), "--no-proof", "--lang", "zh"]) == 1
    assert "左右不相等" in capsys.readouterr().out
    path.write_text(RIGHT.replace("p_i (", "q_i ("), "utf-8")
    assert main([str(path), "--no-proof"]) == 1
    assert "q_i is not declared" in capsys.readouterr().out
    path.write_text("Nothing here.", "utf-8")
    assert main([str(path)]) == 0
    assert main([str(tmp_path / "missing.md")]) == 2


def test_the_command_line_says_which_file_it_could_not_read_and_goes_on(tmp_path, capsys):
    for name, data in (
        ("latin.md", "# T\n\né\n".encode("latin-1")),
        ("bom.md", ("\ufeff" + WRONG).encode()),
        ("crlf.md", RIGHT.replace("\n", "\r\n").encode()),
    ):
        (tmp_path / name).write_bytes(data)
    names = ["latin.md", "missing.md", "bom.md", "crlf.md"]
    assert main([*(str(tmp_path / n) for n in names), "--no-proof"]) == 2
    out, err = capsys.readouterr()
    assert f"{tmp_path / 'latin.md'}:3: the byte 0xe9 is no UTF-8" in err
    assert "missing.md: No such file" in err
    assert f"{tmp_path / 'bom.md'}:6  wrong" in out
    assert f"{tmp_path / 'crlf.md'}:6  checked" in out
    assert out.splitlines()[-1] == "0 proved, 1 checked, 0 waived, 0 not checked, 1 wrong"


def test_a_reader_of_the_output_may_leave_early(tmp_path):
    path = tmp_path / "post.md"
    path.write_text("\n".join([RIGHT] * 3), "utf-8")
    done = subprocess.run(
        f"{sys.executable} -m backprop.derivations --no-proof {path} | true",
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.stderr == ""


# --- the cache -------------------------------------------------------------------------------


def test_a_warm_run_verifies_nothing_and_loads_no_sympy(tmp_path):
    text = RIGHT + "\n" + WRONG
    kept = Store(tmp_path / "made")
    cold = verify_page(text, kept)
    moved = verify_page("# A heading\n\n" + text, kept)
    for (_, a), (_, b) in zip(cold, moved, strict=True):
        assert [v.line + 2 for v in a.verdicts] == [v.line for v in b.verdicts]
        assert [v.to_json() | {"line": 0} for v in a.verdicts] == [
            v.to_json() | {"line": 0} for v in b.verdicts
        ]
    (tmp_path / "page.md").write_text(text, "utf-8")
    code = (
        "import sys; from pathlib import Path\n"
        "from backprop.derivations.page import verify_page\n"
        "from backprop.program.store import Store\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "found = verify_page((folder / 'page.md').read_text(), Store(folder / 'made'))\n"
        "print([r.ok for _, r in found], 'sympy' in sys.modules, 'numpy' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[True, False] False False", done.stderr


def test_a_broken_entry_is_computed_again(tmp_path):
    path = tmp_path / "made"
    verify_page(RIGHT, Store(path))
    with contextlib.closing(sqlite3.connect(path)) as database:
        ((good,),) = database.execute("SELECT value FROM made")
        entry = json.loads(zlib.decompress(good))
        for broken in ([], {}, {"title": "", "verdicts": [{"line": 1}]}, {**entry, "files": 1}):
            with database:
                wrong = zlib.compress(json.dumps(broken).encode())
                database.execute("UPDATE made SET value = ?", (wrong,))
            ((_, report),) = verify_page(RIGHT, Store(path))
            assert report.ok
            assert list(database.execute("SELECT value FROM made")) == [(good,)]


# --- code ------------------------------------------------------------------------------------


def tied(prose: str, fence: str = "") -> list:
    ((_, report),) = verify_page(f"{fence}\n/// derivation\n{VARIANCE} {prose}\n///\n", prove=False)
    return report.verdicts


def test_a_formula_must_equal_the_code_it_is_tied_to():
    (good,) = tied("$v_j$ = `variance_forward(x)[0][j]`")
    assert (good.status, good.code) == ("checked", "variance_forward(x)[0][j]")
    (wrong,) = tied("$v_j$ = `variance_forward(x)[0][j] * (n - 1) / n`")
    assert (wrong.status, wrong.problem.key) == ("wrong", "code-differs")
    (shape,) = tied("$v$ = `x - xbar`")
    assert "(3, 2) / (2,)" in shape.problem.values["found"] or shape.status == "wrong"
    (fails,) = tied("$v_j$ = `nowhere(x)`")
    assert (fails.status, fails.problem.key) == ("unchecked", "code-fails")


def test_code_of_the_page_is_known():
    fence = "```python\nimport numpy as np\n\n\ndef spread(x):\n    return np.var(x, axis=0)\n```\n"
    (found,) = tied("$v$ = `spread(x)`", fence)
    assert found.status == "checked"
    (wrong,) = tied("$v$ = `spread(x)`", fence.replace("np.var", "np.std"))
    assert wrong.status == "wrong"


# --- the site --------------------------------------------------------------------------------


def test_the_site_marks_each_row_and_explains_the_marks(tmp_path):
    waived = RIGHT.replace("- p_j)", "- p_j) \\\\ % a secret\np_i &= 7 % unchecked: see [2]")
    text = "---\ntitle: T\n---\n\n" + waived + "\n$v$ outside\n"
    done = site(tmp_path, text, "backprop/mathematics", "backprop/derivations", language="zh")
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert html.count('class="bp-mark bp-mark-proved"') == 1
    assert html.count('class="bp-mark bp-mark-waived"') == 1
    assert "未验证：see [2]" in html
    assert "共 2 行" in html
    assert "a secret" not in html
    assert '<div class="bp-derivation">' in html
    assert "bp-row-mark" in html
    assert (tmp_path / "site/assets/backprop/derivations.css").exists()
    assert "assets/backprop/derivations.css" in html


def test_each_formula_tied_to_code_has_a_mark_of_its_own(tmp_path):
    ties = "In code $v$ = `np.var(x, axis=0)`, or $v$ = `x.var(axis=0)`."
    text = f"# T\n\n/// derivation\n{VARIANCE}\n\n{ties}\n///\n"
    done = site(tmp_path, text, "backprop/derivations")
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site" / "index.html").read_text("utf-8")
    first, second = html.index("np.var("), html.index("x.var(")
    assert first < html.index("bp-mark-checked") < second
    assert html.index("bp-mark-checked", second) > second


def test_a_derivation_that_a_guide_shows_as_text_stays_as_it_was_written(tmp_path):
    block = f"/// derivation\n{VARIANCE}\n\nIn code $v$ = `np.var(x, axis=0)`.\n///"
    done = site(tmp_path, f"# T\n\n````text\n{block}\n````\n\n{block}\n", "backprop/derivations")
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site" / "index.html").read_text("utf-8")
    text, live = html.split("</code></pre>", 1)
    assert "bp-mark" not in text
    assert "bp-derivation-legend" not in text
    assert "bp-mark-checked" in live
    assert "bp-derivation-legend" in live


def test_the_plugin_works_alone_and_fails_the_strict_build_with_file_and_line(tmp_path):
    done = site(tmp_path, "# T\n\n" + WRONG, "backprop/derivations")
    assert done.returncode == 1
    assert "docs/index.md:8: wrong: \\frac" in done.stderr
    assert "sign: - instead of +" in done.stderr
    done = site(tmp_path, "# T\n\n" + WRONG, "backprop/derivations", quiet=True)
    assert done.returncode == 1
    assert "docs/index.md:8: wrong: \\frac" in done.stderr
    done = site(tmp_path, "# T\n\n" + RIGHT, "backprop/derivations")
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert html.count('class="bp-mark bp-mark-proved"') == 1
    assert html.index("bp-row-marks") < html.index("bp-derivation-legend")
    assert ">1 row on this page: " in html
