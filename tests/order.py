"""In which order a run takes its tests, so that no worker waits for another.

Pages come first: what they did is known then, and the site is built from it. Next come the tests
that look at the built site, which wait for a browser a good deal; what is left keeps the
processors busy beside them and to the end. pytest-xdist hands each worker one stretch of the list
(`--dist worksteal`), so each stretch begins with its part of both.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest


def ordered(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The items in the order of the stretches; the same in every worker."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    pages = [item for item in items if item.path.suffix == ".md"]
    looks = [item for item in items if "built_site" in getattr(item, "fixturenames", ())]
    first = {*pages, *looks}
    others = [item for item in items if item not in first]
    # Translations of a page are compared: they stay together.
    names = {name: i for i, name in enumerate(sorted({item.path.name for item in pages}))}
    found: list[pytest.Item] = []
    for worker in range(workers):
        mine = [item for item in pages if names[item.path.name] % workers == worker]
        mine += looks[worker::workers]
        left = workers - worker
        size = (len(items) - len(found)) // left if left > 1 else len(items)
        more = max(0, size - len(mine))
        found += [*mine, *others[:more]]
        others = others[more:]
    return found
