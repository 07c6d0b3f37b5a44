"""Screenshots of every kind of page in all variants, on one sheet a language."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

SCALE = 0.4
HEIGHT = 680
GAP = 14
LABEL = 18


def contact_sheet(shots: list[tuple[str, list[tuple[int, Path]]]], target: Path) -> None:
    """``shots``: rows of (title, [(width, PNG)]); each is shown from its top, scaled down."""
    widths = [round(width * SCALE) for width, _ in shots[0][1]]
    size = (sum(widths) + GAP * (len(widths) + 1), (HEIGHT + LABEL + GAP) * len(shots) + GAP)
    sheet = Image.new("RGB", size, "#8a8f98")
    draw = ImageDraw.Draw(sheet)
    y = GAP
    for title, row in shots:
        draw.text((GAP, y), title, fill="white")
        x = GAP
        for width, (_, file) in zip(widths, row, strict=True):
            with Image.open(file) as shot:
                cut = shot.crop((0, 0, shot.width, min(shot.height, int(HEIGHT / SCALE))))
                small = cut.convert("RGB").resize(
                    (width, int(cut.height * SCALE)), Image.Resampling.LANCZOS
                )
            sheet.paste(small, (x, y + LABEL))
            x += width + GAP
        y += HEIGHT + LABEL + GAP
    sheet.save(target, quality=85)
