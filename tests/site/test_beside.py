"""A language that is built in a process of its own: what comes back from there."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from mkdocs.exceptions import PluginError

from backprop.site.building.beside import Beside

log = logging.getLogger("mkdocs.plugins.beside")


class Plugin:
    """Gathers something from all languages."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def beside_record(self) -> list[str]:
        return self.found

    def beside_replay(self, data: list[str]) -> None:
        self.found += [one for one in data if one not in self.found]


def beside(work: Callable[[Callable[[Any], Any], Plugin], None]) -> tuple[Beside, Plugin]:
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    here, there = (SimpleNamespace(plugins={"p": Plugin()}) for _ in range(2))
    other: Any = there
    mine: Any = here
    return Beside(mine, [other], lambda meet: work(meet, there.plugins["p"])), here.plugins["p"]


def test_two_languages_tell_each_other_what_they_found(caplog: pytest.LogCaptureFixture) -> None:
    def work(meet: Callable[[Any], Any], plugin: Plugin) -> None:
        plugin.found.append("early")
        log.warning("before")
        if meet("there" * 100_000) == "here" * 100_000:
            plugin.found.append("late")
        log.warning("after %d", 1)

    other, plugin = beside(work)
    assert other.meet("here" * 100_000) == "there" * 100_000
    assert (plugin.found, caplog.messages) == (["early"], ["before"])
    other.end()
    assert (plugin.found, caplog.messages) == (["early", "late"], ["before", "after 1"])


def test_what_fails_there_fails_here() -> None:
    def refuse(meet: Callable[[Any], Any], plugin: Plugin) -> None:
        raise PluginError("docs/en/x.md:3: no")

    def crash(meet: Callable[[Any], Any], plugin: Plugin) -> None:
        meet("there")
        raise KeyError("nothing")

    other, _ = beside(refuse)
    with pytest.raises(PluginError, match=r"x\.md:3: no"):
        other.meet("here")
    other, _ = beside(crash)
    other.meet("here")
    with pytest.raises(KeyError) as found:
        other.end()
    assert "in crash" in "".join(found.value.__notes__)


def test_a_process_that_is_gone_or_stopped_leaves_nothing_behind() -> None:
    other, _ = beside(lambda meet, plugin: os._exit(3))
    with pytest.raises(RuntimeError, match="ended unexpectedly"):
        other.meet("here")
    assert other.pid == 0
    other, _ = beside(lambda meet, plugin: meet("there"))
    pid = other.pid
    other.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
