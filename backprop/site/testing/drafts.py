"""Pages that the build does not publish: they are skipped, unless somebody names them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from mkdocs.structure.files import _default_exclude
from mkdocs.utils.meta import get_data
from pathspec.gitignore import GitIgnoreSpec

from backprop.site.testing.project import Project

BLOG = "material/blog"


class DraftsPlugin:
    def __init__(self, project: Project):
        self.project = project
        self.is_draft = cache(self._is_draft)

    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> None:
        for item in items:
            named = session.isinitpath(item.path)
            if item.path.suffix == ".md" and not named and self.is_draft(item.path):
                item.add_marker(pytest.mark.skip(reason="the build does not publish this page"))

    def _is_draft(self, path: Path) -> bool:
        """Whether a page of the site stands apart: `exclude_docs`, `draft_docs`, `draft: true`."""
        for folder in self.project.docs:
            if path.resolve().is_relative_to(folder):
                below = path.resolve().relative_to(folder)
                return self._is_excluded(below.as_posix()) or self._is_draft_post(path, below)
        return False

    def _is_excluded(self, below: str) -> bool:
        lines = [
            line
            for option in ("exclude_docs", "draft_docs")
            for line in str(self.project.settings.get(option) or "").splitlines()
        ]
        return bool((_default_exclude + GitIgnoreSpec.from_lines(lines)).match_file(below))

    def _is_draft_post(self, path: Path, below: Path) -> bool:
        blog = self.project.plugins.get(BLOG, self.project.plugins.get("blog"))
        if blog is None or blog.get("draft"):
            return False
        home = str(blog.get("blog_dir", "blog"))
        posts = Path(str(blog.get("post_dir", "{blog}/posts")).format(blog=home))
        if not below.is_relative_to(posts):
            return False
        return get_data(path.read_text("utf-8-sig", "replace"))[1].get("draft") is True
