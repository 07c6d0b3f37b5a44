"""Warnings of any plugin name the file with its folder."""

from __future__ import annotations

import logging

import pytest

from backprop.site.languages.messages import EditionFilter


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Doc file 'about.md' is odd", "Doc file 'docs/en/about.md' is odd"),
        ("no file 'gone.md' here", "docs/en: no file 'gone.md' here"),
        ("something is odd", "docs/en: something is odd"),
        ("docs/en/about.md:3: odd", "docs/en/about.md:3: odd"),
        ("docs/zh/about.md:3: odd", "docs/zh/about.md:3: odd"),
    ],
)
def test_warnings_name_files(project, said, shown):
    only = EditionFilter()
    only.docs_dir = str(project.root / "docs/en")
    only.all_docs_dirs = [str(project.root / "docs/zh"), only.docs_dir]
    record = logging.LogRecord("mkdocs.x", logging.WARNING, "", 0, "%s", (said,), None)
    # A record reaches several handlers, and is completed once.
    assert only.filter(record)
    assert only.filter(record)
    assert record.getMessage() == shown


def test_other_records_are_left_alone(project):
    only = EditionFilter()
    record = logging.LogRecord("mkdocs.x", logging.WARNING, "", 0, "odd", (), None)
    assert only.filter(record)
    assert record.getMessage() == "odd"
    only.docs_dir = str(project.root / "docs/en")
    for name, level in (("mkdocs.x", logging.INFO), ("mkdocs.livereload", logging.WARNING)):
        record = logging.LogRecord(name, level, "", 0, "odd", (), None)
        only.filter(record)
        assert record.getMessage() == "odd"
