"""The scanner: what superfences would render, on the right lines, and nothing skipped."""

import html
import re

import lxml.html
import markdown
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pymdownx.superfences import highlight_validator

from backprop.program.fences import PageError, read_page, scan
from backprop.program.page import load


# ---- against the real thing -----------------------------------------------------------------
def rendered(text):
    """(language, code) of every fence that Python-Markdown with superfences really shows."""

    def show(source, language, class_name, options, md, **kwargs):
        return f'<div class="fence" lang="{language or ""}">{html.escape(source)}</div>'

    page = markdown.markdown(
        text,
        extensions=[
            "admonition",
            "attr_list",
            "def_list",
            "footnotes",
            "md_in_html",
            "tables",
            "pymdownx.details",
            "pymdownx.highlight",
            "pymdownx.superfences",
            "pymdownx.tabbed",
        ],
        extension_configs={
            "pymdownx.superfences": {
                "custom_fences": [
                    {"name": "*", "class": "", "format": show, "validator": highlight_validator}
                ]
            },
            "pymdownx.tabbed": {"alternate_style": True},
        },
    )
    tree = lxml.html.fromstring(f"<main>{page}</main>")
    return [(div.get("lang"), div.text or "") for div in tree.xpath("//div[@class='fence']")]


def scanned(text):
    return [(fence.language, fence.code) for fence in scan(text).fences]


def counted(fragments):
    """Give every fence of a generated page a code of its own, so that none is taken for another."""
    number = iter(range(10**6))
    return re.sub("CODE", lambda _: f"x = {next(number)}", fragments)


def indent(text, prefix):
    return "\n".join(prefix + line if line or ">" in prefix else line for line in text.split("\n"))


headers = st.sampled_from(
    ["python", "{.python .hidden}", "py", "", "{.python #a title='b'}", 'python title="x"', "text"]
)
fences = st.builds(
    lambda mark, header, body: f"{mark}{header}\n{body}\n{mark}",
    st.sampled_from(["```", "~~~", "````", "~~~~~"]),
    headers,
    st.sampled_from(["CODE", "CODE\n\n    CODE", "\nCODE", "CODE\n- CODE", "CODE # !!! note"]),
)
prose = st.sampled_from(["Words.", "Words,\nmore words.", "# Heading", "a `<!--` b", "***", "<br>"])
indented = st.sampled_from(["    ```python\n    CODE\n    ```", "    CODE"])
comments = st.sampled_from(
    ["<!--\n```python\nCODE\n```\n-->", "<!-- \n\n```python\nCODE\n```\n\n-->\nWords."]
)
leaves = st.one_of(fences, fences, prose, indented)


def nest(children):
    blocks = st.lists(children, min_size=1, max_size=4).map("\n\n".join)
    contained = st.tuples(
        st.sampled_from(
            [
                "- item\n\n",
                "* item\n* item\n\n",
                "1. item\n\n",
                "- item\n",
                "!!! note\n\n",
                '!!! tip "a title"\n',
                "??? note\n\n",
                '???+ note "t"\n\n',
                '=== "tab"\n\n',
            ]
        ),
        blocks,
    ).map(lambda pair: pair[0] + indent(pair[1], "    "))
    quoted = blocks.map(lambda text: indent(text, "> "))
    return st.one_of(contained, quoted)


pages = st.lists(
    st.one_of(st.recursive(leaves, nest, max_leaves=8), comments), min_size=1, max_size=5
).map(lambda parts: counted("\n\n".join(parts)))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(pages)
@example("- a\n\n    - b\n\n        ```python\n        x = 1\n        ```\n")
@example("Words\n\n    ```python\n    x = 1\n    ```\n")
@example("Words\n    ```python\n    x = 1\n    ```\n")
def test_it_finds_what_superfences_renders(text):
    ours = scanned(text)
    theirs = [
        ("python" if language == "py" else language, code) for language, code in rendered(text)
    ]
    assert ours == theirs


# ---- lines, languages, options --------------------------------------------------------------
def test_line_numbers_count_front_matter_and_every_container():
    text = (
        "---\ntitle: |\n    ```python\n---\n\n- a\n\n    !!! note\n\n        ```{.python .hidden}\n"
        "        x = 1\n\n        y = 2\n        ```\n\n> ~~~~py\n> z\n> ~~~~\n"
    )
    first, second = scan(text).fences
    assert (first.line, first.first, first.end, first.code) == (10, 11, 14, "x = 1\n\ny = 2")
    assert first.has("hidden")
    assert (second.line, second.end, second.mark, second.language) == (16, 18, "~~~~", "python")


def test_braces_carry_classes_options_an_id_and_a_title():
    (fence,) = scan(
        "```{.python .hidden #set-up check=\"f(x, 'a')\" title='notest = {}' at=real}\nx\n```"
    ).fences
    assert fence.header.classes == ("hidden",)
    assert fence.header.id == "set-up"
    assert fence.options == {"check": "f(x, 'a')", "title": "notest = {}", "at": "real"}
    (fence,) = scan('```python title="a b" hl_lines="1 3-4" linenums="1"\nx\n```').fences
    assert fence.options == {"title": "a b", "hl_lines": "1 3-4", "linenums": "1"}


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("pyhton", "unknown language `pyhton`; did you mean `python`?"),
        ("{.pyton .hidden}", "did you mean `python`?"),
        ("ouput", "did you mean `output`?"),
        ("{.python .notets}", "unknown class `.notets` on a python fence; did you mean `.notest`?"),
        ("{.python .hiden}", "did you mean `.hidden`?"),
        (
            '{.python chekc="f(x)"}',
            "unknown option `chekc` on a python fence; did you mean `check",
        ),
        ("{.python hidden}", "write .hidden"),
        ("{.python .check}", 'write check="…"'),
        ("python continuation", "{.python .continuation}"),
        ('python title="a" notest', "{.python .notest}"),
        ("python title=a", "cannot be read"),
        ('{.python check=""}', 'write check="…"'),
        ('{.python check="f(x)" at="raal"}', 'at="real"'),
        ('{.python at="real"}', 'needs check="f(x)"'),
        ("{.python .figure}", 'add alt="…"'),
        ('{.python alt="a"}', ".figure"),
        ('{.python .notest check="f(x)"}', "not executed"),
        ('{.python raises="1"}', "names no exception"),
        ('{.python raises="A" raises="B"}', "`raises` is given twice"),
        ("{python}", "write ```{.python}"),
        ('{.python .figure atl="x"}', "did you mean `alt`?"),
        (
            "{.python title=“x”}",
            'begins with “, which would be a part of its value: write title="…"',
        ),
        ('{.python hl_lines="a"}', 'hl_lines="a" would be ignored: write hl_lines="2 4-6"'),
        ("{.python linenums}", '`linenums` needs a value: write linenums="1"'),
        ("{.hidden}", "`.hidden` stands where the language belongs; write ```{.python .hidden}"),
        ("{.copy .yaml}", "write ```{.yaml .copy}"),
        # Nothing that belongs to ours is passed over in silence on other fences.
        ('{check="f(x)"}', "`check` means nothing on a fence without a language, only on python"),
        ("{.bash .notest}", "`.notest` means nothing on a bash fence, only on python and pycon"),
        ('{.text titel="x"}', "unknown option `titel`; did you mean `title`?"),
        ("{.output .notest}", "unknown class `.notest` on an output fence"),
    ],
)
def test_what_would_be_misread_is_an_error_with_advice(header, message):
    found = scan(f"Words.\n\n```{header}\nx = 1\n```\n")
    assert not found.fences
    (problem,) = found.problems
    assert problem.line == 3
    assert message in problem.message


@pytest.mark.parametrize(
    "header",
    [
        *("", "text", "console", "mermaid", "math", "haskell", "{.yaml .annotate}", "c++", "csv"),
        *('{.diff .mine lang="en" title="“a” and b"}', '{.bash hl_lines="1 3-4" linenums="3 2"}'),
    ],
)
def test_other_languages_are_left_alone(header):
    found = scan(f"```{header}\nx\n```\n")
    assert len(found.fences) == 1
    assert not found.problems


def test_a_language_that_the_project_has_a_fence_for_is_known(tmp_path):
    page = tmp_path / "post.md"
    page.write_text("```{.chart check=1}\nx\n```\n\n```chrat\nx\n```\n")
    assert len(load(page, tmp_path).problems) == 2
    (tmp_path / "mkdocs.yml").write_text(
        "markdown_extensions:\n  - pymdownx.superfences:\n      custom_fences:\n"
        "        - name: chart\n          format: !!python/name:a.b\n        # more\n"
        "\n        - class: d\n          name: 'dots'\nextra:\n  - name: chrat\n"
    )
    assert [one.line for one in load(page, tmp_path).problems] == [5]


def test_front_matter_is_yaml_and_text_between_two_rules_is_not():
    known = scan("---\n# a comment\n标题: |\n  ```python\n  x\n  ```\n---\n")
    assert not known.fences
    assert set(known.ignored) >= {4, 5, 6}
    assert [one.line for one in scan("---\n```python\nx = 1\n```\n---\n").fences] == [2]
    assert [one.line for one in scan("---\n- a\n\n```python\nx = 1\n```\n---\n").fences] == [4]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n\n```python\nx = 1\n", 3, "never closed"),
        ("```output\n1\n\nText.\n\n```{.python .hidden}\nx = 1\n```\n", 1, "still open at line 6"),
        ("```output\n```python\nx = 1\n```\n", 1, "still open at line 2, ```python"),
        ("- a\n\n    ```python\n    x\n  y\n    ```", 3, "line 5 is indented less"),
        ("> ```python\n> x\n\ny\n\n> ```", 1, "outside of the quote"),
        ("1. ```python\n   x\n   ```", 1, "list marker"),
    ],
)
def test_what_is_no_fence_but_was_meant_as_one(text, line, message):
    problem = scan(text).problems[0]
    assert problem.line == line
    assert message in problem.message


def test_inline_code_and_comments_are_no_fences():
    text = "```x``` is code.\n\n<!--\n```pyhton\n```\n-->\n\n    ```python\n    x\n    ```\n"
    found = scan(text)
    assert not found.fences
    assert not found.problems
    assert set(found.ignored) >= {4, 8}


def test_a_file_that_is_not_utf8_says_where(tmp_path):
    path = tmp_path / "post.md"
    path.write_bytes("一\n二\n".encode() + b"\xff")
    with pytest.raises(PageError, match=r"byte 0xff is not UTF-8") as caught:
        read_page(path)
    assert caught.value.line == 3
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc")
    assert read_page(path) == "a\nb\nc"
