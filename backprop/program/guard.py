"""Watches a page from inside its process: it may read the project, never write or delete there.

The same audit hook records which files of the project the page has read, and which folders it
has listed, so that a change of any of them (imported modules, data) runs the page again.
"""

import contextlib
import os
import sys
import sysconfig
from pathlib import Path
from types import FrameType
from typing import Any

# Audit events that change files, and which of their arguments are paths.
_CHANGES = {
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.mkdir": (0,),
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "os.chmod": (0,),
    "shutil.rmtree": (0,),
    "shutil.move": (0, 1),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit events of a process that may outlive the page, and the file that says it was started.
_STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
STARTED = "started"
# Where Python and what is installed for it stand, and what is no file.
_INSTALLED = (
    *(
        os.path.join(os.path.realpath(path), "")
        for path in (sys.prefix, *sysconfig.get_paths().values())
        if path
    ),
    *("/proc/", "/dev/", "/sys/"),
)
_active = False


def install(root: str, scratch: str) -> set[str]:
    """Begin to watch; the set fills with the paths that are opened for reading."""
    global _active
    root, scratch = os.path.realpath(root), os.path.realpath(scratch)
    opened: set[str] = set()

    def own(path: Any) -> str:
        """Where a file is that is found in the scratch directory by a link."""
        name: str = os.path.abspath(os.fsdecode(path))
        return os.path.realpath(name) if name.startswith(scratch + os.sep) else name

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if not _active:
            return
        if event == "open":
            path, _, flags = args
            if isinstance(path, (str, bytes, os.PathLike)):
                if isinstance(flags, int) and flags & _WRITING:
                    refuse("write", path)
                else:
                    opened.add(own(path))
        elif event in ("os.listdir", "os.scandir"):
            # What Python lists to find a module matters only as far as the module does.
            if isinstance(args[0], (str, bytes, os.PathLike)) and not _imports(sys._getframe(1)):
                opened.add(own(args[0]))
        elif event in _STARTS:
            with contextlib.suppress(OSError):
                Path(scratch, STARTED).touch()
        elif event in _CHANGES:
            for index in _CHANGES[event]:
                if isinstance(args[index], (str, bytes, os.PathLike)):
                    refuse(event.partition(".")[2], args[index])

    def refuse(verb: str, path: Any) -> None:
        real = os.path.realpath(os.fsdecode(path))
        inside = real == root or real.startswith(root + os.sep)
        if not inside or real.startswith(scratch + os.sep) or "__pycache__" in real:
            return
        raise PermissionError(
            f"a page must not change the project ({verb} {os.path.relpath(real, root)}): "
            "it runs in a scratch directory of its own, so use a relative path"
        )

    sys.addaudithook(watch)
    _active = True
    return opened


def lift() -> None:
    global _active
    _active = False


def _imports(frame: FrameType) -> bool:
    return frame.f_code.co_filename.startswith("<frozen importlib")


def dependencies(opened: set[str], before: set[str], root: str) -> list[str]:
    """What is not part of Python or of an installed package: files, folders of the project that
    were listed, and files of the project that were looked for in vain; absolute and sorted."""
    files = set(opened)
    inside = os.path.realpath(root) + os.sep
    # A look at a module that was there before would cost a copy of the memory it lies in.
    for name in sys.modules.keys() - before - {"__main__"}:
        file = getattr(sys.modules[name], "__file__", None)
        if isinstance(file, str):
            files.add(os.path.abspath(file))
    return sorted(
        file
        for file in files
        if "__pycache__" not in file
        and not os.path.realpath(file).startswith(_INSTALLED)
        and (Path(file).is_file() or (os.path.realpath(file) + os.sep).startswith(inside))
    )
