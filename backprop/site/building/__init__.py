"""Building while somebody writes: what `mkdocs serve` does between a save and the browser.

MkDocs' own `serve` builds the whole site again for every edit, and answers nobody meanwhile. Here
every build is a process of its own, forked from an ancestor that has everything imported and has
built nothing. So each build is the build of a fresh `mkdocs`, nothing of an earlier one is left
in it, memory stays flat, and a build that fails, hangs or is overtaken by the next edit is simply
ended. A finished build stays alive and answers for its pages:

    save ──► the edited page, remade in a fork of the finished build ──► browser     (first look)
        └──► a whole build from the ancestor; when done, it takes the place ──► browser

The first look is provisional, the whole build is what counts: what it made differently reaches the
browser a little later, and the served site is always one that a clean build would give. What was
converted before is not converted again (`memory.py`), in `serve` as in `build`.

| module | job |
| --- | --- |
| `serving.py` | puts all this in the place of what MkDocs' `serve` calls |
| `conductor.py` | from saved files to builds, first looks and what browsers are told |
| `processes.py` | the ancestor, its forks, and what they say to each other |
| `child.py` | what a forked process does: a build, then first looks |
| `look.py` | one page made again in a finished build |
| `witness.py` | the plugin that every build carries along, to know its files and pages |
| `problems.py` | from what MkDocs and its plugins log to file, line and text |
| `server.py` | the HTTP server: pages, waiting pages, faults, reloading |
| `notice.py` | the list of faults in the page, the pages that stand in for others |
| `watching.py` | which files changed |
| `reads.py` | which other files a build has read: snippets, tables |
| `own.py` | the author's own Python, which is read again when it changes |
| `aside.py` | for `mkdocs build`: a site takes the place of the last one when it has passed |
| `whole.py` | for `mkdocs build`: a site of which nothing changed is written as it was |
| `templates.py` | a page whose template is given the same is not rendered again |
| `heads.py` | the beginning of a post on its own, for lists of posts |
| `ahead.py` | what takes long to begin begins while programs run |
| `beside.py` | for `mkdocs build`: a language in a process of its own, beside another |
| `modules.py` | which Python sources a reference is made of |
| `words.py` | what authors see, in each language |
"""

from backprop.site.building import serving, whole
from backprop.site.building.whole import give_back as end
from backprop.site.building.witness import attach

__all__ = ["attach", "begin", "end"]


def begin(command: str, *, dirty: bool) -> None:
    """Stand in the place of what a command of MkDocs calls; a second call changes nothing."""
    if command != "serve":
        whole.take_over()
    elif not dirty:
        serving.take_over()
