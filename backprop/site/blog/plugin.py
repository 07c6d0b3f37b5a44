"""The MkDocs plugin `backprop/blog`: other plugins, with the settings of a blog."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.utils.yaml import get_yaml_loader, yaml_load

from backprop.site.blog.complete import Settings, complete
from backprop.site.building import begin
from backprop.site.languages import LanguagesPlugin

SET = ("theme", "docs_dir", "markdown_extensions", "mdx_configs", "plugins", "validation")
"""What of the settings the preset touches."""


class BlogOptions(Config):
    """Those of Material's blog; its own plugin says what is wrong with them."""

    enabled = c.Type(bool, default=True)


class BlogPlugin(BasePlugin[BlogOptions]):
    """Completes the settings before any other plugin sees them, once a build."""

    def __init__(self) -> None:
        self.command: Literal["build", "gh-deploy", "serve"] = "build"
        self.dirty = False
        self.started: set[int] = set()

    def load_config(self, options: Any, config_file_path: str | None = None) -> Any:
        """Accept whatever it is: `complete` hands it on."""
        return super().load_config({k: v for k, v in options.items() if k == "enabled"})

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        self.command, self.dirty = command, dirty
        # The plugins that the preset adds come when MkDocs is on its way already.
        begin(command, dirty=dirty)

    @event_priority(1000)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        path = config.config_file_path
        if not path or not Path(path).is_file():
            raise PluginError("backprop/blog needs mkdocs.yml as a file, to read it again.")
        folder = Path(path).resolve().parent
        whole = MkDocsConfig(config_file_path=path)
        with open(path, "rb") as file:
            raw = yaml_load(file, get_yaml_loader(config=whole))
        if _theme_name(raw) != config.theme.name:  # `--theme` replaces all that is said of it
            raw["theme"] = config.theme.name
        if "language" not in config.theme:
            raise PluginError(
                f"backprop/blog: the theme '{config.theme.name}' is not Material's. Write "
                "'theme: {name: backprop}', or one that extends material."
            )
        settings = complete(raw, folder)
        # The feed's plugin imports GitPython, which raises where there is no git; dates are those
        # of the posts, and who asks Git for them is told then.
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
        # The functions of `hooks` stand in the running collection already.
        whole.load_dict({**settings, "hooks": []})
        errors, warnings = whole.validate()
        if errors:
            raise PluginError("\n".join(f"mkdocs.yml: '{key}': {error}" for key, error in errors))
        if warnings and config.strict:
            raise PluginError("\n".join(f"mkdocs.yml: '{key}': {said}" for key, said in warnings))
        self._replace(config, whole)
        for key in SET:
            if key != "plugins":
                config[key] = whole[key]
        # Feeds, galleries and others of Material's company ask for its name.
        config.theme.name = "material"
        for plugin in config.plugins.values():
            if isinstance(plugin, LanguagesPlugin):
                plugin.completed = lambda raw, language: complete(raw, folder, language)
        return config

    def _replace(self, config: MkDocsConfig, whole: MkDocsConfig) -> None:
        """Put the complete plugins into the collection whose events are being run.

        It is the same collection that MkDocs starts, serves and shuts down. This event goes on
        with what stands behind it in the list, which is why it stays the first.
        """
        running, found = config.plugins, whole.plugins
        before = {id(plugin) for plugin in running.values()}
        for name, methods in running.events.items():
            hooks = [m for m in methods if not isinstance(getattr(m, "__self__", None), BasePlugin)]
            for method in hooks:
                found._register_event(name, method)
        for name, methods in running.events.items():
            first = [self.on_config] if name == "config" else []
            methods[:] = [*first, *found.events[name]]
        running._event_origins.update(found._event_origins)
        running.clear()
        dict.update(running, found)
        for plugin in found.values():
            if id(plugin) not in self.started | before and hasattr(plugin, "on_startup"):
                plugin.on_startup(command=self.command, dirty=self.dirty)
            self.started.add(id(plugin))


def _theme_name(raw: Settings) -> Any:
    theme = raw.get("theme")
    return theme.get("name") if isinstance(theme, dict) else theme
