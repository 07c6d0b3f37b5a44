"""What an author sees in a real browser while `mkdocs serve` runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.site.command import serving
from tests.site.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_MKDOCS_2_WARNING", "true")
    monkeypatch.setenv("DISABLE_MKDOCS_2_WARNING", "true")
    return Project(tmp_path)


def test_an_author_at_work(project: Project, open_page: Callable[..., Any]) -> None:
    """An edit comes by itself; faults are listed on whatever page is open, and go when mended."""
    post = project.root / "docs/en/posts/gradients.md"
    text = post.read_text("utf-8")
    with serving(project) as command:
        reading = open_page(command.url + "en/posts/gradients/")
        reading.set_default_timeout(240_000)
        elsewhere = open_page(command.url + "about/")
        elsewhere.set_default_timeout(240_000)
        post.write_text(text.replace("Backwards.", "Backwards, step by step."), "utf-8")
        reading.get_by_text("Backwards, step by step.").wait_for()
        notice = elsewhere.locator("#bp-notice")
        for was, becomes, *told in (
            ("Backwards.", "[x](nowhere.md)", "docs/en/posts/gradients.md:10", "nowhere.md"),
            ("date: 2017-03-30", "date: soon", "docs/en/posts/gradients.md:2", "is no date"),
            ("categories: [", "categories: [[", "docs/en/posts/gradients.md:4", "is not YAML"),
        ):
            post.write_text(text.replace(was, becomes, 1), "utf-8")
            for part in told:
                notice.get_by_text(part).first.wait_for()
            # Where it is, one click away; a page that cannot be built is as it was.
            place = notice.locator(".bp-place").first
            assert place.text_content() == told[0]
            post.write_text(text, "utf-8")
            notice.locator("li").first.wait_for(state="detached")
        assert elsewhere.get_by_role("heading", name="关于").is_visible()
