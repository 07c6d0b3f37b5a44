"""Is anything cut without a sign? Every box of code, drawing, table and formula of a page, measured
at several widths."""

from __future__ import annotations

from typing import Any

WIDTHS = (390, 768, 1280, 1680)

# What is wider than its box must say so: by a shadow at its edge, or as a box that a key can reach.
CUT = """() => {
    const faults = [];
    let measured = 0;
    const shown = (e) => e.getClientRects().length && getComputedStyle(e).visibility === "visible";
    const boxes = "pre > code, .bp-scroll, .bp-made, .bp-step, .bp-intro, .bp-body,"
        + " .bp-code, .bp-line, .bp-plot, .bp-path, table, mjx-container, figure";
    for (const box of document.querySelectorAll(`.md-content :is(${boxes})`)) {
        if (!shown(box)) continue;
        measured += 1;
        const style = getComputedStyle(box);
        const rect = box.getBoundingClientRect();
        const scrolls = box.closest(".md-typeset__scrollwrap, pre > code, mjx-container[display]");
        if (!scrolls && (rect.right > innerWidth + 1 || rect.left < -1)) {
            faults.push(`leaves the screen: ${box.className} ${rect.left} ${rect.right}`);
        }
        const wide = box.clientWidth && box.scrollWidth > box.clientWidth + 1;
        if (wide && style.display !== "inline") {
            const shadow = /local/.test(style.backgroundAttachment);
            if (!shadow || !/auto|scroll/.test(style.overflowX)) {
                faults.push(`cut: ${box.tagName} ${box.className} ${box.scrollWidth} > `
                    + `${box.clientWidth}: ${box.textContent.trim().slice(0, 60)}`);
            }
        }
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is too wide");
    // Where figures are wider than the text, everything else begins where the text does.
    const inner = document.querySelector(".md-content__inner");
    const text = inner && [...inner.children].filter(e => shown(e) && !e.matches("figure"));
    for (const one of innerWidth >= 1500 && text || []) {
        const off = one.getBoundingClientRect().left - text[0].getBoundingClientRect().left;
        if (Math.abs(off) <= 1) continue;
        faults.push(`beside the text: ${one.tagName}.${one.className} ${off}`);
    }
    // A graph that would be too small to read may scroll, with its shadow, on a phone.
    const fits = ".bp-figure :is(.bp-flow-right, .bp-code, .bp-line), .bp-shrinks .bp-flow-down";
    for (const box of document.querySelectorAll(fits)) {
        if (shown(box) && box.scrollWidth > box.clientWidth + 1) {
            faults.push(`a figure does not fit: ${box.className} ${box.textContent.slice(0, 60)}`);
        }
    }
    // The pieces of a drawing are of one scale.
    for (const parts of document.querySelectorAll(".bp-parts")) {
        const scales = [...parts.querySelectorAll("svg")].map(e => e.getScreenCTM()?.a || 1);
        const least = Math.min(...scales);
        if (shown(parts) && least < 0.95 * Math.max(...scales)) {
            faults.push(`pieces of different scales: ${scales.map(e => e.toFixed(2))}`);
        }
    }
    // A row of pieces that goes on says so; between two pieces side by side, they hide the sign.
    for (const piece of document.querySelectorAll(".bp-part + .bp-part")) {
        const pair = [piece.previousElementSibling, piece];
        const [left, right] = pair.map(e => e.getBoundingClientRect());
        if (!shown(piece) || left.bottom !== right.bottom) continue;
        const sign = Math.max(parseFloat(getComputedStyle(pair[0], "::after").height),
            parseFloat(getComputedStyle(piece, "::before").height));
        if (sign > Math.min(left.height, right.height)) faults.push(`a sign inside a row: ${sign}`);
    }
    return [faults, measured];
}"""


# What scripts do when a window changes takes a frame or more; what stays too wide is a fault.
AT_REST = """() => new Promise(done => {
    let frames = 0;
    const look = () => {
        frames += 1;
        const fits = document.documentElement.scrollWidth <= innerWidth;
        if ((fits && frames > 2) || frames > 200) done();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""


def cut(page: Any) -> tuple[list[str], int]:
    """What is cut on a page that is open, with the width of the screen; how much was measured."""
    page.mouse.move(9, 9)  # scripts start with the reader's first move
    page.wait_for_function("() => !document.querySelector('.bp-figure:not(.bp-live)')")
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    faults: list[str] = []
    least = 10**6
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(AT_REST)
        found, measured = page.evaluate(CUT)
        faults += [f"{width} px: {fault}" for fault in found]
        least = min(least, measured)
    return faults, least
