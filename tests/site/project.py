"""A small site in two languages with a blog, built by the real command in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner
from mkdocs.__main__ import cli
from mkdocs.commands import build as build_module
from mkdocs.config.defaults import MkDocsConfig

POST = """\
---
date: {date}
categories: [{category}]
tags: [numpy]
---

# {title}

{text}

<!-- more -->

## More

The rest.
"""


class Project:
    """A site in Chinese and English with a blog; a test changes what it is about."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.site = root / "site"
        self.languages: dict[str, Any] = {
            "zh": {"name": "中文", "tag": "zh-Hans"},
            "en": {
                "name": "English",
                "site_name": "Notes",
                "nav": [{"Posts": "index.md"}, {"About": "about.md"}],
            },
        }
        self.config: dict[str, Any] = {
            "site_name": "笔记",
            "site_url": "https://notes.example.org/",
            "docs_dir": "docs/zh",
            "nav": [{"文章": "index.md"}, {"关于": "about.md"}],
            "theme": {"name": "material", "language": "zh", "font": False},
            "plugins": [
                {"backprop/languages": {"default": "zh", "languages": self.languages}},
                {"blog": {"blog_dir": ".", "post_dir": "posts", "post_url_format": "posts/{slug}"}},
                {"search": {"lang": "en"}},
            ],
            "validation": {"links": {"anchors": "warn", "unrecognized_links": "warn"}},
        }
        for key, title, text in (("zh", "梯度", "反向传播。"), ("en", "Gradients", "Backwards.")):
            self.write(f"docs/{key}/index.md", f"# {'笔记' if key == 'zh' else 'Notes'}\n")
            self.write(f"docs/{key}/about.md", f"# {'关于' if key == 'zh' else 'About'}\n")
            self.post(key, "gradients", title=title, text=text)

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        return target

    def post(
        self,
        key: str,
        name: str,
        *,
        title: str = "A post",
        text: str = "Text.",
        date: str = "2017-03-30",
        category: str = "",
        head: str = "",
    ) -> Path:
        category = category or ("反向传播" if key == "zh" else "Backpropagation")
        text = POST.format(title=title, text=text, date=date, category=category)
        head = head or f"slug: {name}"
        return self.write(f"docs/{key}/posts/{name}.md", text.replace("tags:", f"{head}\ntags:", 1))

    def save(self) -> None:
        self.write("mkdocs.yml", yaml.safe_dump(self.config, allow_unicode=True, sort_keys=False))

    def build(self, *options: str, saved: bool = True) -> Result:
        if saved:
            self.save()
        # MkDocs expects one command a process: it keeps plugins, and says nothing twice.
        build_module.log.filters.clear()
        MkDocsConfig.plugins.plugin_cache.clear()
        run = CliRunner().invoke(cli, ["--no-color", "build", *options], catch_exceptions=True)
        if run.exception and not isinstance(run.exception, SystemExit):
            raise run.exception
        return Result(run.exit_code, run.output)

    def page(self, path: str) -> str:
        return (self.site / path.strip("/") / "index.html").read_text("utf-8")

    def text(self, path: str) -> str:
        return (self.site / path).read_text("utf-8")


class Result:
    def __init__(self, code: int, output: str) -> None:
        self.code = code
        self.output = output

    @property
    def faults(self) -> list[str]:
        lines = [line.strip() for line in self.output.splitlines()]
        return [line for line in lines if line.startswith(("WARNING", "ERROR", "Aborted"))]

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.output}"
