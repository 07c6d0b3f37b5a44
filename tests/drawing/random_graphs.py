"""Random computation graphs, as boxes and wires."""

import random

from backprop.drawing.layout import Box, Wire

FAMILIES = {
    # What a step takes: how many operands (weights of 1, 2, 3, 4 to 12), how far back they lie
    # (None: anywhere), and how often an operand is used twice by the same step.
    "chains": {"operands": (8, 3, 0, 0), "reach": 1.2, "twice": 0.05},
    "typical": {"operands": (4, 6, 1, 0), "reach": 3.0, "twice": 0.1},
    "fan out": {"operands": (3, 5, 1, 0), "reach": None, "twice": 0.0},
    "fan in": {"operands": (4, 3, 2, 3), "reach": 6.0, "twice": 0.2},
}


def random_graph(family: str, seed: int) -> tuple[list[Box], list[Wire], int, int]:
    """Boxes, wires and the ends of the baseline of a graph with 2 to 60 operations, one to six
    sources and one to four outputs."""
    made = random.Random(f"{family} {seed}")
    look = FAMILIES[family]
    boxes: list[Box] = []
    wires: list[Wire] = []

    def box() -> int:
        boxes.append(Box(made.choice([34, 34, 48, 62, 95]), 30))
        return len(boxes) - 1

    def wire(source: int, target: int) -> None:
        wires.append(Wire(source, target, made.uniform(25, 130), made.choice([19, 34])))

    for _ in range(made.randint(1, 6)):
        box()
    for _ in range(made.choice([made.randint(2, 9), made.randint(10, 60)])):
        target = box()
        count = made.choices([1, 2, 3, made.randint(4, 12)], look["operands"])[0]
        for _ in range(count):
            back = target if look["reach"] is None else int(made.expovariate(1 / look["reach"]))
            source = target - 1 - back if back < target else made.randrange(target)
            wire(source, target)
            if made.random() < look["twice"]:
                wire(source, target)
    sources = {w.source for w in wires}
    ends = [i for i in range(len(boxes)) if i not in sources and any(w.target == i for w in wires)]
    for end in made.sample(ends, min(len(ends), made.randint(1, 4))):
        wire(end, box())
    return boxes, wires, 0, len(boxes) - 1
