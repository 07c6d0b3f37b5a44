"""Screenshots of every kind of page in all variants, on one sheet a language."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

WIDTH = {"phone": 260, "desktop": 520}
HEIGHT = 680
GAP = 14
LABEL = 18


def contact_sheet(shots: list[tuple[str, list[tuple[str, Path]]]], target: Path) -> None:
    """``shots``: rows of (title, [(device, PNG)]); each is shown from its top, scaled down."""
    widths = [WIDTH[device] for device, _ in shots[0][1]]
    size = (sum(widths) + GAP * (len(widths) + 1), (HEIGHT + LABEL + GAP) * len(shots) + GAP)
    sheet = Image.new("RGB", size, "#8a8f98")
    draw = ImageDraw.Draw(sheet)
    y = GAP
    for title, row in shots:
        draw.text((GAP, y), title, fill="white")
        x = GAP
        for device, file in row:
            with Image.open(file) as shot:
                scale = WIDTH[device] / shot.width
                cut = shot.crop((0, 0, shot.width, min(shot.height, int(HEIGHT / scale))))
                small = cut.convert("RGB").resize(
                    (WIDTH[device], int(cut.height * scale)), Image.Resampling.LANCZOS
                )
            sheet.paste(small, (x, y + LABEL))
            x += WIDTH[device] + GAP
        y += HEIGHT + LABEL + GAP
    sheet.save(target, optimize=True)
