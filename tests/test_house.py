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


def test_every_room_has_its_place_in_the_contracts():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = contracts["contracts"][0]["layers"]
    placed = {name.strip() for layer in layers for name in layer.split("|")}
    rooms = {
        f"backprop.{path.stem}"
        for path in (ROOT / "backprop").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } - {"backprop.__init__"}
    assert rooms == placed
