"""The house is as it is drawn: no module needs itself, and every room is in the contracts."""

import ast
import tomllib
from dataclasses import dataclass
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


# --- no class is spread over modules by inheritance ---------------------------------------------


@dataclass
class Class:
    module: str
    node: ast.ClassDef
    bases: list[str]  # with their modules, where they are the package's; else by name alone

    @property
    def name(self):
        return f"{self.module}.{self.node.name}"

    @property
    def is_kind(self):
        """An exception or a protocol: these are told apart, or fulfilled, and do nothing."""
        names = [base.rpartition(".")[2] for base in [self.name, *self.bases]]
        return any(n == "Protocol" or n.endswith(("Error", "Exception", "Usage")) for n in names)

    def defined(self):
        """What its body, and its methods on `self`, define; and its stubs, left to others."""
        names, stubs = set(), []
        for item in self.node.body:
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                (stubs.append if is_stub(item) else names.add)(item.name)
            elif isinstance(item, ast.Assign | ast.AnnAssign):
                targets = item.targets if isinstance(item, ast.Assign) else [item.target]
                names |= {t.id for t in targets if isinstance(t, ast.Name)}
            elif isinstance(item, ast.If):  # TYPE_CHECKING: methods that are only declared
                stubs += [f.name for f in ast.walk(item) if isinstance(f, ast.FunctionDef)]
        return names | {n for n, written in self.on_self() if written}, stubs

    def on_self(self):
        for item in ast.walk(self.node):
            of_self = isinstance(item, ast.Attribute) and isinstance(item.value, ast.Name)
            if of_self and item.value.id == "self":
                yield item.attr, isinstance(item.ctx, ast.Store)


def is_stub(function):
    """Is it abstract, or has it nothing in it but words, `...` or NotImplementedError?"""
    if any("abstract" in ast.unparse(d) for d in function.decorator_list):
        return True
    rest = [s for s in function.body if not (isinstance(s, ast.Expr) and is_constant(s.value))]
    return all(isinstance(s, ast.Raise) and "NotImplemented" in ast.unparse(s) for s in rest) and (
        bool(rest) or any(s.value.value is ... for s in function.body)
    )


def is_constant(node):
    return isinstance(node, ast.Constant)


def classes_of(sources):
    """The classes of modules, by their names, with bases of whatever module they come from."""
    trees = {module: ast.parse(text) for module, text in sources.items()}
    imported = {module: {} for module in trees}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    imported[module][alias.asname or alias.name] = alias.name
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    imported[module][alias.asname or alias.name] = f"{node.module}.{alias.name}"
    own = {
        f"{module}.{node.name}"
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }

    def resolved(module, base):
        head, _, rest = ast.unparse(base).partition("[")[0].partition(".")
        name = f"{module}.{head}" if f"{module}.{head}" in own else imported[module].get(head, head)
        name = f"{name}.{rest}" if rest else name
        parent, _, last = name.rpartition(".")
        while name not in own and last in imported.get(parent, {}):  # from a folder's __init__
            name = imported[parent][last]
            parent, _, last = name.rpartition(".")
        return name

    found = {}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                one = Class(module, node, [resolved(module, base) for base in node.bases])
                found[one.name] = one
    return found


def spread(sources):
    """The classes that are one class cut into modules, each with why.

    A class may extend one of another module if that one stands by itself: it uses nothing of
    itself that only the other defines, leaves no method to it, and extends none of a third module.
    """
    classes, found = classes_of(sources), []
    for one in classes.values():
        for base in (classes[name] for name in one.bases if name in classes):
            if base.module == one.module or base.is_kind:
                continue
            above, line = [base], list(base.bases)
            while line:  # the classes that it extends in turn
                name = line.pop()
                if name in classes:
                    above.append(classes[name])
                    line += classes[name].bases
            third = [c for c in above if c.module != base.module and not c.is_kind]
            if third:
                found.append(f"{one.name} extends {base.name}, which extends {third[0].name}")
            _, stubs = base.defined()
            found += [f"{base.name} leaves {name} to {one.name}" for name in stubs]
            outside = [n for c in above for n in c.bases if n not in classes and n != "object"]
            if not outside:
                known = set().union(*(c.defined()[0] for c in above))
                mine = one.defined()[0] - known
                used = {name for name, written in base.on_self() if not written}
                found += [f"{base.name} uses {n} of {one.name}" for n in sorted(used & mine)]
    return found


def test_no_class_is_spread_over_modules():
    """One object for each job; they hold one another."""
    sources = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
            path.read_text("utf-8")
        )
        for path in (ROOT / "backprop").rglob("*.py")
    }
    assert spread(sources) == []


STEP = "from a import Base\nclass Part(Base):\n    def step(self): return 1\n"
WHOLE = "from b import Part\nclass Whole(Part): pass\n"
ALONE = "class Base:\n    def run(self): return 1\n"
USING = "class Base:\n    def run(self): return self.step()\n"
DECLARING = "class Base:\n    if TYPE_CHECKING:\n        def step(self): ...\n"
ABSTRACT = "class Base:\n    @abstractmethod\n    def step(self): 'A step.'\n"
RAISING = "class Base:\n    def step(self): raise NotImplementedError\n"
PROTOCOL = "class Base(Protocol):\n    def step(self): ...\n"
INIT = "    def __init__(self): self.name = ''\n"
SHARED = "class Base:\n    def run(self): return self.name\n" + INIT
NAMED = "import a\nclass Part(a.Base):\n    def __init__(self): self.name = 'part'\n"
WRONG = "class AnError(ValueError): pass\n"
WORSE = "from a import AnError\nclass OtherError(AnError): pass\n"
WORST = "from b import OtherError\nclass ThirdError(OtherError): pass\n"
SPREAD = [
    ({"a": USING, "b": STEP}, "a.Base uses step of b.Part"),
    ({"a": DECLARING, "b": STEP}, "a.Base leaves step to b.Part"),
    ({"a": ABSTRACT, "b": STEP}, "a.Base leaves step to b.Part"),
    ({"a": RAISING, "b": STEP}, "a.Base leaves step to b.Part"),
    ({"a": ALONE, "b": STEP, "c": WHOLE}, "c.Whole extends b.Part, which extends a.Base"),
]
WHOLES = [
    {"a": ALONE, "b": STEP},
    {"a": USING + STEP.partition("\n")[2]},
    {"a": PROTOCOL, "b": STEP},
    {"a": SHARED, "b": NAMED},
    {"a": WRONG, "b": WORSE, "c": WORST},
]


@pytest.mark.parametrize(("sources", "why"), SPREAD)
def test_a_class_that_is_spread_is_seen(sources, why):
    assert spread(sources) == [why]


@pytest.mark.parametrize("sources", WHOLES)
def test_a_class_that_extends_a_whole_one_is_none(sources):
    assert spread(sources) == []
