"""One row a kind of fence: whatever is done with fences is done by that row, for every kind."""

from dataclasses import MISSING, fields, replace
from importlib import import_module

import pytest

from backprop.program import cache
from backprop.program.fences import scan
from backprop.program.kinds import KINDS, Kind, kind_of, modules
from backprop.program.page import load
from backprop.site.posts.parity import difference
from backprop.site.posts.words import WORDS

# What makes a fence of each kind, and code that it may hold, in two versions that differ.
FENCES = {
    "python": ("{.python}", "a = 1", "a = 2"),
    "check": ('{.python check="f(x)"}', "dx = 1", "dx = 2"),
    "exercise": (
        '{.python .exercise check="f(x)"}',
        "# gap\ndx = 1\n# end",
        "# gap\ndx = 2\n# end",
    ),
    "figure": ('{.python .figure alt="…"}', "plt.plot([1])", "plt.plot([2])"),
    "pycon": ("{.pycon}", ">>> 1 + 1\n2", ">>> 1 + 2\n3"),
    "output": ("output", "1", "2"),
    "graph": ("{.graph}", "f(x)", "g(x)"),
    "math": ("math", "a = b", "a = c"),
    "mermaid": ("mermaid", "graph TD", "graph LR"),
}


def test_a_new_row_gets_a_fence_here():
    assert set(FENCES) == set(KINDS)


def test_nothing_that_a_new_kind_has_to_say_has_a_default():
    needed = {one.name for one in fields(Kind) if one.default is MISSING}
    assert needed == {
        *("language", "classes", "options", "runs", "empty"),
        *("parity", "mutants", "shown", "desk"),
    }


@pytest.mark.parametrize("name", KINDS)
def test_a_fence_is_of_its_kind(name):
    info, code, _ = FENCES[name]
    found = scan(f"```{info}\n{code}\n```\n")
    assert not found.problems
    assert found.fences[0].kind == name


def test_a_language_is_the_name_of_its_least_particular_kind():
    for kind in KINDS.values():
        assert kind_of(kind.language, (), {}) == kind.language
    assert kind_of("yaml", ("check",), {}) == ""


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.strict])
def test_what_is_misspelt_on_a_fence_is_an_error(name):
    language = KINDS[name].language
    for wrong in (".onceupon", 'chekc="f(x)"'):
        (problem,) = scan(f"```{{.{language} {wrong}}}\na\n```\n").problems
        assert "unknown" in problem.message
        assert problem.line == 1


@pytest.mark.parametrize("name", KINDS)
def test_a_translation_that_differs_is_told_of(name, tmp_path):
    info, code, other = FENCES[name]
    printing = "```python\nprint(1)\n```\n\n" if KINDS[name].printed else ""
    first, second = (
        load(tmp_path / f"{language}.md", tmp_path, language, f"{printing}```{info}\n{text}\n```\n")
        for language, text in (("en", code), ("zh", other))
    )
    assert difference(first, first) is None
    assert (difference(first, second) is None) == (KINDS[name].parity == "words")


def test_a_text_is_compared_letter_by_letter(tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "mermaid", replace(KINDS["mermaid"], parity="text"))
    first, second, third = (
        load(tmp_path / f"{name}.md", tmp_path, name, f"```mermaid\n{text}\n```\n")
        for name, text in (("en", 'A["a"]'), ("zh", 'A["b"]'), ("de", 'A["a"]  '))
    )
    assert "the texts differ" in difference(first, second).reason
    assert difference(first, third) is None


@pytest.mark.parametrize("name", KINDS)
def test_a_row_leads_to_what_there_is(name):
    kind = KINDS[name]
    if isinstance(kind.runs, str):
        assert callable(import_module(kind.runs).run)
    if kind.assets:
        assert import_module(kind.assets).assets()
    assert not kind.label or kind.label in WORDS
    assert not kind.mark or kind.mark in kind.classes | kind.options
    assert kind.words <= kind.options


def test_a_changed_source_of_what_runs_a_fence_is_another_key(monkeypatch):
    changed = {}
    read = cache.Path.read_bytes
    for module in sorted(modules(here=True) | modules(here=False)):
        file = import_module(module).__file__

        def other(path, file=file):
            return read(path) + (b"# changed" if str(path) == file else b"")

        with monkeypatch.context() as patched:
            patched.setattr(cache.Path, "read_bytes", other)
            cache._tool.cache_clear()
            changed[module] = cache._tool()
    cache._tool.cache_clear()
    assert cache._tool() not in changed.values()
    assert len(set(changed.values())) == len(changed)


def test_a_figure_that_is_checked_would_draw_nothing():
    (problem,) = scan('```{.python .figure check="f(x)" alt="…"}\ndx = 1\n```\n').problems
    assert "a fence of its own" in problem.message
