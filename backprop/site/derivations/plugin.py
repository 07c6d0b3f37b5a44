"""The MkDocs plugin `backprop/derivations`.

```yaml
plugins:
  - backprop/mathematics        # optional: with it, the marks stand beside the rows
  - backprop/derivations:
      proof: true               # false: check numerically only
```

A row that is wrong, or not checked without a waiver, is a warning with file and line; it fails
`mkdocs build --strict`. How derivations are written: see `backprop.derivations`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger

from backprop.derivations.page import is_tied, verify_page
from backprop.derivations.reading.find import Derivation, Formula, derivations
from backprop.derivations.reading.lines import without_comments
from backprop.derivations.verdicts import Report, Verdict
from backprop.program import store
from backprop.program.page import Page
from backprop.program.session import Session
from backprop.site import marks as shared
from backprop.site.derivations.blocks import DerivationsExtension
from backprop.site.derivations.faults import faults
from backprop.site.derivations.marks import CSS, as_text, legend, mark, premise, premises
from backprop.site.faults import warn
from backprop.site.settings import language_of, root_of

SHEET = "assets/backprop/derivations.css"
log = get_plugin_logger("derivations")


class DerivationsConfig(Config):
    proof = c.Type(bool, default=True)


class DerivationsPlugin(BasePlugin[DerivationsConfig]):
    """Verifies the derivations of all pages and shows what was verified."""

    @event_priority(50)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        self.folder = root_of(config)
        self.strict = config.strict
        self.language = language_of(config)
        self.reports: dict[str, list[tuple[Derivation, Report]]] = {}
        # The posts run the pages; what formulas are tied to is asked of the same run.
        self.run: dict[str, tuple[str, list[tuple[Derivation, Report]]]] = {}
        self.lock = threading.Lock()
        self.looks = False  # whether an author waits for one page
        posts: Any = config.plugins.get("backprop/posts")
        if posts is not None:
            posts.after.append(self.verify_running)
            posts.meanwhile.append(self.verify_meanwhile)
        config.markdown_extensions.append(DerivationsExtension())
        config.extra_css.append(SHEET)
        for name in shared.assets():
            uri = f"{shared.FOLDER}/{name}"
            wanted = config.extra_css if name.endswith(".css") else config.extra_javascript
            if uri not in wanted:
                wanted.append(uri)
        mathematics: Any = config.plugins.get("backprop/mathematics")
        self.mathematics, self.beside_rows = mathematics, mathematics is not None
        if mathematics is not None:
            mathematics.transforms.append(self.transform)
        return config

    def ahead_of_look(self, was: str, text: str) -> None:
        self.looks = True

    def before_look(self, file: Any, *, config: MkDocsConfig) -> None:
        """One page is made again in a finished build (`backprop.site.building.look`)."""
        self.reports.clear()

    # What `backprop.site.building.conversions` asks, to convert no page twice.

    def conversion_key(self, file: Any) -> Any:
        path = os.path.relpath(file.abs_src_path, self.folder) if file.abs_src_path else ""
        return repr(self.reports.get(path.replace(os.sep, "/")))

    def conversion_record(self) -> Callable[[], Any]:
        return list

    def conversion_replay(self, data: Any, file: Any) -> None:
        """The marks are in the page."""

    def verify_running(self, page: Page, session: Session) -> Callable[[list[str]], None]:
        """A page whose fences have just run: verified in that process, if it names its code."""
        if not is_tied(page.text):
            return lambda files: None
        from backprop.derivations.evidence.code import PageCode  # loads numpy

        code = PageCode(page.text, page.path, session)
        with self.lock:  # pages run side by side
            kept = store.at(self.folder)
            found = verify_page(page.text, kept, self.config.proof, page.path, code)
            self.run[str(page.path)] = (page.text, found)
        if self.looks:
            self._report_early(page, found)
        return code.remember

    def verify_meanwhile(self, page: Page) -> None:
        """A page whose fences are running, of which no formula names its code."""
        if "///" not in page.text or is_tied(page.text):
            return
        with self.lock:
            found = verify_page(page.text, store.at(self.folder), self.config.proof, page.path)
            self.run[str(page.path)] = (page.text, found)
        self._report_early(page, found)

    def _report_early(self, page: Page, found: list[tuple[Derivation, Report]]) -> None:
        """Tell what is wrong now; it is told again when the page is shown."""
        for _, report in found:
            self._report(page.name, report, early=True)

    def on_page_markdown(
        self, markdown: str, *, page: Any, config: MkDocsConfig, files: Any
    ) -> str:
        if "///" not in markdown:
            return markdown
        source = page.file.content_string
        if page.file.abs_src_path:
            path = os.path.relpath(page.file.abs_src_path, self.folder).replace(os.sep, "/")
            source = Path(page.file.abs_src_path).read_text("utf-8-sig")
        else:
            path = page.file.src_uri
        source = source.replace("\r\n", "\n")
        known, reports = self.run.get(str(page.file.abs_src_path), ("", []))
        if known != source:
            file = Path(page.file.abs_src_path) if page.file.abs_src_path else None
            reports = verify_page(source, store.at(self.folder), self.config.proof, file)
        if path not in self.reports:
            for _, report in reports:
                self._report(path, report)
        self.reports[path] = reports
        return annotated(markdown, source, reports, path, self.language, self.beside_rows)

    def _report(self, path: str, report: Report, early: bool = False) -> None:
        for fault in faults(report, self.language, path):
            warn(log, self.strict, str(fault), early)

    def transform(self, tex: str, where: Any) -> Any:
        """For `backprop/mathematics`: the marks of the rows of one displayed formula."""
        from backprop.site.mathematics.page import Annotated

        if not where.display:
            return tex
        for derivation, report in self.reports.get(where.path, []):
            if where.line is not None and not (
                derivation.line <= where.line <= derivation.end_line
            ):
                continue
            for number, formula in enumerate(derivation.formulas):
                if formula.kind == "display" and _same(formula.tex, tex):
                    rows = _rows(report, number)
                    marks = {
                        k: mark(v, where.path, self.language, self.typeset) for k, v in rows.items()
                    }
                    return Annotated(without_comments(tex), marks)
        return tex

    def typeset(self, tex: str) -> str:
        """A formula in an explanation, as MathML."""
        from backprop.site.mathematics.engine import TexError

        try:
            return self.mathematics.typesetter().one(tex, False).mml
        except TexError:
            return as_text(tex)

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        sheet = Path(config.site_dir, SHEET)
        sheet.parent.mkdir(parents=True, exist_ok=True)
        sheet.write_text(CSS, "utf-8")
        for name, text in shared.assets().items():
            sheet.with_name(name).write_text(text, "utf-8")


def _same(a: str, b: str) -> bool:
    return "".join(a.split()) == "".join(b.split())


def _rows(report: Report, number: int) -> dict[int, list[Verdict]]:
    """The verdicts on a displayed formula, by row."""
    rows: dict[int, list[Verdict]] = {}
    for verdict in report.verdicts:
        if verdict.display == number and verdict.number >= 0 and verdict.kind == "row":
            rows.setdefault(verdict.number, []).append(verdict)
    return rows


def annotated(
    markdown: str,
    source: str,
    reports: list[tuple[Derivation, Report]],
    path: str,
    language: str,
    beside_rows: bool,
) -> str:
    """The page with one legend, what each derivation assumes, marks behind formulas tied to code
    and claims in the prose, and, where nothing can stand beside the rows, their marks below the
    formula.

    source: the file, of which `markdown` is what follows its front matter, perhaps changed by
    other plugins.
    """
    written = source.split("\n")
    lines = markdown.split("\n")
    inserted: dict[int, list[str]] = {}

    def insert(line: int, text: str) -> None:
        inserted.setdefault(line, []).append(text)

    explained = False
    # A guide shows the same lines in a fence, too: there they are text.
    opened = [found.line - 1 for found in derivations(markdown)]
    for derivation, report in reports:
        if not derivation.closed or derivation.misspelt:
            continue
        block = written[derivation.line - 1 : derivation.end_line]
        at = next((at for at in opened if lines[at : at + len(block)] == block), None)
        if at is None:  # changed by another plugin
            continue
        opened = opened[opened.index(at) + 1 :]
        before = derivation.line - 1 - at
        last = derivation.end_line - 1 - before  # the closing ///, from 0
        prefix = lines[last][: len(lines[last]) - len(lines[last].lstrip(" \t>"))]
        for number, formula in enumerate(derivation.formulas):
            if formula.kind == "display" and not beside_rows:
                rows = _rows(report, number)
                marks = " ".join(mark(rows[k], path, language) for k in sorted(rows))
                if marks:
                    at = formula.line - 1 - before + formula.tex.count("\n") + 1
                    text = f'<p class="bp-row-marks">{marks}</p>'
                    insert(at, f"{prefix}\n{prefix}{text}\n{prefix}")
            elif formula.kind in ("tie", "inline"):
                _mark_prose(formula, number, report, lines, before, path, language)
        # Behind the marks: a formula may be the last thing in the block. Marks are explained once.
        texts = [premises(report, language)]
        if not explained:
            texts.insert(0, legend([one for _, one in reports], language))
            explained = True
        for text in filter(None, texts):
            insert(last, f"{prefix}\n{prefix}{text}\n{prefix}")
    out: list[str] = []
    for number, line in enumerate(lines):
        out += inserted.get(number, [])
        out.append(line)
    return "\n".join(out)


def _mark_prose(
    formula: Formula,
    number: int,
    report: Report,
    lines: list[str],
    before: int,
    path: str,
    language: str,
) -> None:
    verdicts = [v for v in report.verdicts if v.display == number and v.kind in ("code", "claim")]
    premises = [p for p in report.assumed if p.display == number]
    at = formula.line - 1 - before
    if not (verdicts or premises) or not 0 <= at < len(lines):
        return
    written = re.escape(f"${formula.tex}$")
    if formula.kind == "tie":
        written += rf"\s*=\s*(`+)\s*{re.escape(formula.code)}\s*\1"
    place = re.search(written, lines[at])
    if place is None:  # the formula goes on over lines: its verdict stands in the legend
        return
    end = place.end()
    marks = mark(verdicts, path, language) + "".join(premise(p, path, language) for p in premises)
    # It goes through Markdown yet, which must find nothing to change.
    marks = re.sub(r"[_*\\`$\[\]]", lambda hit: f"&#{ord(hit[0])};", marks)
    lines[at] = lines[at][:end] + marks + lines[at][end:]
