"""What is said of a verdict: for the terminal, the strict build and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from backprop.derivations.verdicts import Verdict

# status: what it is called, padded to one width for the terminal
STATUS = {
    "proved": {"en": "proved     ", "zh": "已证明"},
    "checked": {"en": "checked    ", "zh": "已验算"},
    "waived": {"en": "waived     ", "zh": "已注明"},
    "underived": {"en": "not derived", "zh": "未推导"},
    "unchecked": {"en": "not checked", "zh": "未验证"},
    "wrong": {"en": "wrong      ", "zh": "错误　"},
}
ASSUMED = {"en": "assumed    ", "zh": "假设　"}  # a premise, which is no row
MARK = {
    "proved": "∎",
    "checked": "✓",
    "waived": "○",
    "underived": "△",
    "unchecked": "○",
    "wrong": "✗",
}

TEXT = {
    "proved": (
        "proved for all sizes, and checked on {n} random instances",
        "对任意大小都已证明，并在 {n} 个随机样例上验算",
    ),
    "checked": (
        "checked on {n} random instances of different sizes (no proof)",
        "在 {n} 个大小不同的随机样例上验算（不是证明）",
    ),
    "error": (
        "expectations by quadrature, off by at most {error:.0e} of their size",
        "期望由求积得到，相对误差至多 {error:.0e}",
    ),
    "waived": ("not checked: {reason}", "未验证：{reason}"),
    "unchecked": ("not checked", "未验证"),
    "wrong": ("wrong", "错误"),
    "place": ("here: {place}", "位置：{place}"),
    "assumed": ("assumes {premises}", "以 {premises} 为前提"),
    "premise": ("assumed, not derived: {tex}", "假设，并非推出：{tex}"),
    "by": ("by definition of {names}", "由 {names} 的定义"),
    "opaque": (
        "holds for any {names}, not only as defined",
        "对任意的 {names} 都成立，不限于其定义",
    ),
    "cited": ("from here on the definition of {names} may be used", "自此可以使用 {names} 的定义"),
    "direct": (
        "∂ is read with the other named quantities held fixed",
        "∂ 读作固定其余有名字的量",
    ),
    "independent": (
        "{of} is not defined through {by}: this derivative is zero",
        "{of} 的定义不经过 {by}：这个导数为零",
    ),
    "span": ("{sum} spans {rest}", "{sum} 的范围是 {rest}"),
    "expression": ("verified in its place: {tex}", "代之以验证：{tex}"),
    "code": ("compared with the code {code}", "与代码 {code} 对照"),
    "gradient": (
        "{tex} is `{name}` in the backward pass of `{function}`",
        "{tex} 就是 `{function}` 的 backward 里的 `{name}`",
    ),
    "factor": (
        "{tex} is what takes `{given}` to `{name}` in the backward pass of `{function}`",
        "在 `{function}` 的 backward 里，从 `{given}` 得到 `{name}`，用的就是 {tex}",
    ),
    "compared": ("compared: {left}  {sign}  {right}", "比较：{left}  {sign}  {right}"),
    "values": (
        "left = {left:.6g}, right = {right:.6g}{place}",
        "左 = {left:.6g}，右 = {right:.6g}{place}",
    ),
    "gap": (
        "they differ by {gap}, which the digits shown here do not reach",
        "两边相差 {gap}，这里显示的位数看不出来",
    ),
    "residue": ("left − right = {residue}", "左 − 右 = {residue}"),
    "repair": ("it holds with one change: {change}", "改动一处即可成立：{change}"),
}


def phrase(key: str, language: str, **values: object) -> str:
    return TEXT[key][1 if language.startswith("zh") else 0].format(**values)


def repeated(verdicts: list[Verdict]) -> set[int]:
    """The ids of verdicts that say of a declaration what one before them has said."""
    seen: set[str] = set()
    found: set[int] = set()
    for verdict in verdicts:
        if verdict.problem is not None and verdict.problem.key == "declaration-refused":
            name = verdict.problem.values["found"]
            if name in seen:
                found.add(id(verdict))
            seen.add(name)
    return found


def _as_it_is(tex: str) -> str:
    return tex


def describe(
    verdict: Verdict, language: str = "en", show: Callable[[str], str] = _as_it_is
) -> list[str]:
    """The lines that explain a verdict, most important first; `show` is asked of all TeX in them
    but that of the advice."""

    def names(found: Iterable[str]) -> str:
        return ", ".join(map(show, found))

    lines: list[str] = []
    n = verdict.instances
    if verdict.problem is not None:
        lines.append(verdict.problem.text(language))
        if verdict.place:
            lines.append(phrase("place", language, place=show(verdict.place)))
    elif verdict.status in ("proved", "checked"):
        lines.append(phrase(verdict.status, language, n=n))
    elif verdict.status == "waived":
        lines.append(phrase("waived", language, reason=verdict.reason))
    if verdict.status == "wrong":
        if verdict.sides[1]:
            left, right = (" ".join(s.split()) for s in verdict.sides)
            sides = {"left": show(left), "right": show(right)}
            lines.append(phrase("compared", language, sign=verdict.sign, **sides))
        found = verdict.difference
        if found is not None:
            places = [f"{k} = {v}" for k, v in found.sizes.items() if k in verdict.sizes]
            places += [f"{k} = {v + found.base}" for k, v in found.at.items()]
            place = ", ".join(places)
            zh = language.startswith("zh")
            place = (f"（{place}）" if zh else f" at {place}") if place else ""
            lines.append(
                phrase("values", language, left=found.left, right=found.right, place=place)
            )
            if found.gap:
                lines.append(phrase("gap", language, gap=found.gap))
        if verdict.residue:
            lines.append(phrase("residue", language, residue=show(verdict.residue)))
        if verdict.repair is not None:
            lines.append(
                phrase(
                    "repair",
                    language,
                    change=verdict.repair["zh" if language.startswith("zh") else "en"],
                )
            )
    if verdict.status == "checked" and verdict.error is not None:
        lines.append(phrase("error", language, error=max(verdict.error, 1e-15)))
    if verdict.ok and verdict.gradient is not None:
        found_in = verdict.gradient
        key = "factor" if found_in.given else "gradient"
        tex, name, given = show(found_in.tex), found_in.name, found_in.given
        lines.append(
            phrase(key, language, tex=tex, name=name, given=given, function=found_in.function)
        )
    if verdict.ok and verdict.by:
        lines.append(phrase("by", language, names=names(verdict.by)))
    if verdict.ok and verdict.assumed:
        lines.append(phrase("assumed", language, premises=names(verdict.assumed)))
    for of, by in verdict.independent:
        lines.append(phrase("independent", language, of=show(of), by=show(by)))
    if verdict.expression:
        lines.append(phrase("expression", language, tex=show(verdict.expression)))
    if verdict.code:
        lines.append(phrase("code", language, code=verdict.code))
    if verdict.ok and verdict.opaque:
        lines.append(phrase("opaque", language, names=names(verdict.opaque)))
    if verdict.cited:
        lines.append(phrase("cited", language, names=names(verdict.cited)))
    if verdict.direct:
        lines.append(phrase("direct", language))
    for total, rest in verdict.spans:
        lines.append(phrase("span", language, sum=show(total), rest=show(" ".join(rest.split()))))
    return lines
