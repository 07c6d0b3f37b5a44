"""No collisions, for any graph; and what makes a drawing readable, for the usual ones."""

import pytest

from backprop.drawing import flow, tracks
from backprop.drawing import layout as module
from backprop.drawing.layout import Box, Layout, Wire, layout
from tests.drawing.geometry import faults
from tests.drawing.random_graphs import FAMILIES, random_graph

DIRECTIONS = ("right", "down")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_collides_in_random_graphs(family, direction):
    for seed in range(25):
        boxes, wires, main, goal = random_graph(family, seed)
        found = faults(boxes, wires, layout(boxes, wires, direction, main, goal))
        assert not found, (seed, found[:5])


def _special() -> dict[str, tuple[int, list[tuple[int, int]]]]:
    return {
        "a lone box": (1, []),
        "identity": (2, [(0, 1)]),
        "x * x": (3, [(0, 1), (0, 1), (1, 2)]),
        "x * x * x at once": (3, [(0, 1), (0, 1), (0, 1), (1, 2)]),
        "all operands are sources": (6, [(0, 4), (1, 4), (2, 4), (3, 4), (4, 5)]),
        "concatenate of twelve": (14, [*[(i, 12) for i in range(12)], (12, 13)]),
        "one value for forty": (
            42,
            [*[(0, i) for i in range(1, 41)], *[(i, 41) for i in range(1, 41)]],
        ),
        "two computations side by side": (6, [(0, 2), (2, 4), (1, 3), (3, 5)]),
        "every pair is joined": (9, [(i, j) for j in range(9) for i in range(j)]),
    }


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("name", _special())
def test_nothing_collides_in_special_graphs(name, direction):
    count, pairs = _special()[name]
    boxes = [Box(34 + i % 3 * 20, 30) for i in range(count)]
    wires = [Wire(*pair, 60 + i % 5 * 17, 34) for i, pair in enumerate(pairs)]
    assert not faults(boxes, wires, layout(boxes, wires, direction, 0, count - 1))


def _broken_by_sharing_rows(monkeypatch):
    monkeypatch.setattr(tracks.Rows, "free", lambda *_: True)


def _broken_by_narrow_ports(monkeypatch):
    monkeypatch.setattr(flow, "PORT", 1.0)


def _broken_by_tight_rows(monkeypatch):
    monkeypatch.setattr(module, "_ROW_GAP", {"right": -30.0, "down": -30.0})


def _broken_by_labels_in_the_middle(monkeypatch):
    def anywhere(self, wire):
        return [(-1e6, 1e6, self.rank[self.wires[wire][1]])]

    monkeypatch.setattr(flow.Flow, "_windows", anywhere)


@pytest.mark.parametrize(
    "break_it",
    [
        _broken_by_sharing_rows,
        _broken_by_narrow_ports,
        _broken_by_tight_rows,
        _broken_by_labels_in_the_middle,
    ],
)
def test_the_geometry_finds_a_broken_layout(monkeypatch, break_it):
    break_it(monkeypatch)
    graphs = [random_graph("typical", seed) for seed in range(8)]
    assert any(faults(b, w, layout(b, w, "right", main, goal)) for b, w, main, goal in graphs)


def test_wires_that_touch_cross_or_end_in_nothing_are_found():
    boxes = [Box(20, 20), Box(20, 20)]
    rects = [module.Rect(0, 0, 20, 20), module.Rect(100, 0, 20, 20)]
    labels = [module.Rect(50, 0, 10, 10)]
    wires = [Wire(0, 1, 10, 10)]
    for path, word in (
        ([(20, 10), (100, 30)], "orthogonal"),
        ([(20, 10), (90, 10)], "edge"),
        ([(10, 0), (10, 30), (110, 30), (110, 20)], "box 0"),
    ):
        assert any(
            word in fault for fault in faults(boxes, wires, Layout(200, 50, rects, [path], labels))
        )


def test_the_data_path_is_a_straight_line():
    # x → mean → − ← x; − → ()² → mean → out, as in the variance
    pairs = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5)]
    boxes = [Box(40, 30)] * 6
    wires = [Wire(*pair, 60, 34) for pair in pairs]
    drawn = layout(boxes, wires, "right", 0, 5)
    baseline = [drawn.boxes[i] for i in (0, 2, 3, 4, 5)]
    assert len({rect.y for rect in baseline}) == 1
    assert drawn.boxes[1].y < baseline[0].y  # the statistic is an arc above it
    straight = [path for path in drawn.wires if len(path) == 2]
    assert len(straight) == 4
    lefts = [rect.x for rect in baseline]
    assert lefts == sorted(lefts)


def test_parameters_drop_in_from_above():
    boxes = [Box(34, 30)] * 5  # x, gamma, ×, beta, +
    wires = [Wire(0, 2, 50, 34), Wire(1, 2, 70, 34), Wire(2, 4, 50, 34), Wire(3, 4, 70, 34)]
    drawn = layout(boxes, wires, "right", 0, 4)
    for source, target in ((1, 2), (3, 4)):
        above, below = drawn.boxes[source], drawn.boxes[target]
        assert above.y < below.y
        assert above.x + above.width / 2 == pytest.approx(below.x + below.width / 2, abs=0.2)


def test_the_same_input_gives_the_same_layout():
    boxes, wires, main, goal = random_graph("typical", 3)
    assert layout(boxes, wires, "right", main, goal) == layout(boxes, wires, "right", main, goal)


def test_an_empty_graph_is_an_empty_drawing():
    assert layout([], []).boxes == []


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match='"right" or "down"'):
        layout([Box(1, 1)], [], "left")
    with pytest.raises(ValueError, match="later one"):
        layout([Box(1, 1), Box(1, 1)], [Wire(1, 0, 1, 1)])
