"""What must never happen in a drawing, checked on its geometry alone."""

from itertools import pairwise

import numpy as np

from backprop.drawing.layout import Box, Layout, Wire


def _corners(rects) -> np.ndarray:
    """(n, 4): left, top, right, bottom."""
    return np.array([(r.x, r.y, r.x + r.width, r.y + r.height) for r in rects]).reshape(-1, 4)


def _overlaps(a: np.ndarray, b: np.ndarray, apart: float) -> np.ndarray:
    """Pairs (i, j) of which the rectangles come closer than ``apart``; negative: how far they
    may reach into each other."""
    return np.argwhere(
        (a[:, None, 0] < b[None, :, 2] + apart)
        & (b[None, :, 0] < a[:, None, 2] + apart)
        & (a[:, None, 1] < b[None, :, 3] + apart)
        & (b[None, :, 1] < a[:, None, 3] + apart)
    )


def faults(boxes: list[Box], wires: list[Wire], drawn: Layout) -> list[str]:
    """Everything that is wrong with a layout, in words; empty when it is right."""
    found: list[str] = []
    rects, labels = _corners(drawn.boxes), _corners(drawn.labels)
    found += [f"box {i} overlaps box {j}" for i, j in _overlaps(rects, rects, 4) if i < j]
    found += [f"label {i} overlaps label {j}" for i, j in _overlaps(labels, labels, 1) if i < j]
    found += [f"label {i} overlaps box {j}" for i, j in _overlaps(labels, rects, 1)]

    for kind, asked, placed in (("box", boxes, drawn.boxes), ("label", wires, drawn.labels)):
        for i, (need, rect) in enumerate(zip(asked, placed, strict=True)):
            if rect.width < need.width - 0.2 or rect.height < need.height - 0.2:
                found.append(f"{kind} {i} is too small for its text")
            if min(rect.x, rect.y) < 0 or (
                rect.x + rect.width > drawn.width or rect.y + rect.height > drawn.height
            ):
                found.append(f"{kind} {i} lies outside")

    owner, pieces = [], []
    for i, path in enumerate(drawn.wires):
        for (x, y), (u, v) in pairwise(path):
            owner.append(i)
            pieces.append((min(x, u), min(y, v), max(x, u), max(y, v)))
            if x != u and y != v:
                found.append(f"wire {i} is not orthogonal")
    segments = np.array(pieces).reshape(-1, 4)
    found += [
        f"wire {owner[s]} runs through label {j}"
        for s, j in _overlaps(segments, labels, -0.2)
        if owner[s] != j
    ]
    found += [f"wire {owner[s]} runs through box {j}" for s, j in _overlaps(segments, rects, -0.2)]

    for i, (wire, path) in enumerate(zip(wires, drawn.wires, strict=True)):
        for (x, y), box in ((path[0], wire.source), (path[-1], wire.target)):
            left, top, right, bottom = rects[box]
            on_edge = min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom)) < 0.3
            if not on_edge or not (
                left - 0.3 <= x <= right + 0.3 and top - 0.3 <= y <= bottom + 0.3
            ):
                found.append(f"wire {i} does not end on the edge of box {box}")

    flat = segments[:, 1] == segments[:, 3]
    for s, t in _overlaps(segments, segments, 3):
        i, j = owner[s], owner[t]
        if i >= j or wires[i].source == wires[j].source:
            continue
        if flat[s] == flat[t]:
            found.append(f"wires {i} and {j} lie on each other")
        else:
            across, along = (segments[s], segments[t]) if flat[t] else (segments[t], segments[s])
            # A proper crossing: each piece goes on for a while on both sides of the other.
            if not (
                along[0] + 3 < across[0] < along[2] - 3 and across[1] + 3 < along[1] < across[3] - 3
            ):
                found.append(f"wires {i} and {j} touch")
    found += _forks(wires, drawn)
    return found


def _shared(p: list, q: list) -> float:
    """How far two polylines lie on each other."""
    length = 0.0
    for a, b in pairwise(p):
        for c, d in pairwise(q):
            for level, along in ((0, 1), (1, 0)):
                if a[level] == b[level] == c[level] == d[level]:
                    low = max(min(a[along], b[along]), min(c[along], d[along]))
                    high = min(max(a[along], b[along]), max(c[along], d[along]))
                    length += max(0.0, high - low)
    return length


def _forks(wires: list[Wire], drawn: Layout) -> list[str]:
    """Wires with one source may share a trunk, which is their first piece, and nothing more."""
    found = []
    for i, p in enumerate(drawn.wires):
        for j, q in enumerate(drawn.wires[:i]):
            if wires[i].source == wires[j].source:
                trunk = min(abs(r[1][0] - r[0][0]) + abs(r[1][1] - r[0][1]) for r in (p, q))
                allowed = trunk if p[0] == q[0] else 0.0
                if _shared(p, q) > allowed + 0.5 or p[-1] == q[-1]:
                    found.append(f"wires {i} and {j} run together after their fork")
    return found
