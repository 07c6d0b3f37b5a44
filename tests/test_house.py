"""The house is as it is drawn: no module needs itself, and every room is in the contracts."""

import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def imports():
    graph = grimp.build_graph("backprop", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def test_no_module_needs_itself(imports):
    """Not even by imports inside functions, or for types."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(reversed(error.args[1])))


def layers():
    """The rooms from the top to the bottom, those side by side together."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    return [
        [name.strip() for name in layer.split("|")] for layer in contracts["contracts"][0]["layers"]
    ]


def picture(imports):
    """The house in Mermaid: its rooms, and from each to what it needs, but for what that needs."""
    needs = {}
    order = [room for layer in layers() for room in layer]
    for module, used in imports.items():
        room = ".".join(module.split(".")[:2])
        others = {".".join(one.split(".")[:2]) for one in used} - {room, "backprop"}
        needs.setdefault(room, set()).update(others & set(order))
    lines = []
    for room in order:
        below = set(needs.get(room, ()))
        for other in needs.get(room, ()):
            below -= reached(needs, other) - {other}
        name = room.removeprefix("backprop.")
        lines += [f"  {name} --> {one.removeprefix('backprop.')}" for one in order if one in below]
    return "\n".join(["```mermaid", "graph TD", *lines, "```"])


def reached(needs, room):
    found, ahead = set(), [room]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += needs.get(one, ())
    return found


def test_the_picture_for_newcomers_is_that_of_the_house(imports):
    text = (ROOT / ".github/CONTRIBUTING.md").read_text("utf-8")
    shown = text.split("<!-- the house -->\n")[1].split("\n<!-- end -->")[0]
    assert shown == picture(imports), f"draw it anew:\n{picture(imports)}"


def test_every_room_has_its_place_in_the_contracts():
    placed = {name for layer in layers() for name in layer}
    rooms = {
        f"backprop.{path.stem}"
        for path in (ROOT / "backprop").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } - {"backprop.__init__"}
    assert rooms == placed
