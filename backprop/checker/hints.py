"""The kinds of mistakes: how each is recognised, and what is said about it.

The words in the first column are the same in every language: `Report.hint` is one of them.
`{…}` are the details that the recogniser found; a detail that is missing makes the next,
plainer sentence be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hint:
    """One kind of mistake.

    Attributes:
        word: what `Report.hint` holds.
        recognised: how the checker tells.
        en, zh: what is said; of several sentences, the first whose details are known.
    """

    word: str
    recognised: str
    en: tuple[str, ...]
    zh: tuple[str, ...]

    def say(self, lang: str, detail: dict[str, Any]) -> str:
        known = {k: v for k, v in detail.items() if v not in ("", None)}
        for sentence in self.zh if lang == "zh" else self.en:
            try:
                return sentence.format_map(known)
            except KeyError:
                continue
        raise AssertionError(f"the last sentence of {self.word} must need no details")


# fmt: off
HINTS = {hint.word: hint for hint in [
    Hint("sign", "a sign changed makes it right; the value is minus the true one",
         ("The sign of `{term}` is wrong.", "The sign is wrong."),
         ("`{term}` 的符号反了。", "符号反了。")),
    Hint("factor", "a factor (N, D, 1/N, 2, ½, eps, an array) more, less or exchanged makes it right",
         ("The factor is wrong: `{was}` where `{factor}` is needed.",
          "The factor `{factor}` is missing, superfluous or in the wrong place.", "It is off by a factor."),
         ("因子错了：写的是 `{was}`，应该是 `{factor}`。",
          "因子 `{factor}` 漏了、多了，或者放错了地方。", "差一个因子。")),
    Hint("missing term", "a term added makes it right; the difference is the gradient on one path",
         ("A term is missing: `{term}`. Every path by which the value is used sends a gradient back, and they add up.",
          "A term is missing. Every path by which the value is used sends a gradient back, and they add up."),
         ("漏了一项：`{term}`。这个值在前向里每被用一次，就有一份梯度传回来，要全部加起来。",
          "漏了一项。这个值在前向里每被用一次，就有一份梯度传回来，要全部加起来。")),
    Hint("missing sum", "a sum over axes makes it right: broadcasting forward is a sum backward",
         ("A sum over axis {axis} is missing: forward broadcast the value along it, so backward adds up.",
          "A sum is missing: where forward broadcasts, backward adds up."),
         ("漏了对 axis={axis} 的求和：前向沿这个轴广播，反向就要沿这个轴求和。", "漏了求和：前向广播，反向就要求和。")),
    Hint("axis", "another axis of a sum, mean or softmax makes it right",
         ("The axis is wrong: axis {was} where axis {want} is needed.", "The axis is wrong."),
         ("轴错了：写的是 axis={was}，应该是 axis={want}。", "轴错了。")),
    Hint("transposed", "a transpose more or less makes it right",
         ("It is transposed, or multiplied in the wrong order: look at `{operand}`.",
          "It is transposed, or multiplied in the wrong order."),
         ("转置错了，或者矩阵相乘的顺序反了：看看 `{operand}`。", "转置错了，或者矩阵相乘的顺序反了。")),
    Hint("operand", "another variable in one place makes it right",
         ("The wrong operand: `{was}` is used where `{want}` is needed.", "A wrong operand is used."),
         ("用错了变量：写的是 `{was}`，应该是 `{want}`。", "用错了变量。")),
    Hint("power", "another exponent, or dividing instead of multiplying, makes it right",
         ("The power is wrong: `{was}` should be `{want}`.", "The power is wrong."),
         ("幂次错了：`{was}` 应该是 `{want}`。", "幂次错了。")),
    Hint("overwritten", "`+=` instead of `=` (or the reverse) makes it right",
         ("`{was}` should be `{want}`: what was there before is lost, or counted twice. Gradients add up.",
          "The gradient is overwritten where it should be accumulated."),
         ("`{was}` 应该是 `{want}`：之前的梯度被覆盖了（或者被重复计算）。梯度要累加。", "梯度应该累加，却被覆盖了。")),
    Hint("mask", "another mask makes it right; it lets the wrong entries through",
         ("The mask is wrong: `{was}` should be `{want}`.", "The mask lets the wrong entries through."),
         ("掩码 (mask) 错了：`{was}` 应该是 `{want}`。", "掩码 (mask) 放过了不该放过的元素。")),
    Hint("order", "the same things in another order make it right",
         ("The order is wrong: `{was}` stands where `{want}` belongs.", "The order is wrong."),
         ("顺序错了：`{was}` 的位置上应该是 `{want}`。", "顺序错了。")),
    Hint("value", "a derivative in the place of a forward value makes it right",
         ("A forward value is used where its derivative belongs: `{was}` should be `{want}`.",
          "A forward value is used where its derivative belongs."),
         ("该用导数的地方用了前向的值：`{was}` 应该是 `{want}`。", "该用导数的地方用了前向的值。")),
    Hint("forward", "a forward value is computed again, and otherwise; the forward's own makes it right",
         ("It is not the `{name}` of {forward}, which computes it as `{written}`.",
          "It is not the value that forward has under this name."),
         ("它不是 {forward} 里的 `{name}`，那里写的是 `{written}`。", "它不是前向里这个名字的值。")),
    Hint("cancel", "the results are right, but only because a second mistake undoes the first",
         ("The results are right only because a later line undoes this mistake: two mistakes that cancel.",
          "The results are right only because a later line undoes this mistake: two mistakes that cancel."),
         ("结果碰巧是对的，因为后面又错了一次，两个错误抵消了。", "结果碰巧是对的，因为后面又错了一次，两个错误抵消了。")),
    Hint("shape", "the numbers may be right, their shape or number is not",
         ("Its shape is wrong: the reduction needs `{needed}`.",
          "It has shape {got_shape}; the gradient has the shape of what it is the gradient of, {want_shape}.",
          "Its shape is wrong: a gradient has the shape of what it is the gradient of."),
         ("形状不对：这里归约要写 `{needed}`。",
          "它的形状是 {got_shape}；梯度必须和原变量同形状，{want_shape}。", "形状不对：梯度必须和原变量同形状。")),
    Hint("inplace", "an array that was handed in, dout or part of the cache, has changed",
         ("This line writes to {damaged}, which belongs to the caller; work on a copy (`.copy()`), or write `a = a * b` for `a *= b`.",
          "This line writes to an array that belongs to the caller; work on a copy."),
         ("这一行改写了 {damaged}，那是调用者的数据；先复制一份 (`.copy()`)，或者把 `a *= b` 写成 `a = a * b`。",
          "这一行改写了调用者的数据；请先复制一份。")),
    Hint("error", "the backward raises, returns nothing, or too little",
         ("It stops with {error}", "It does not run to its end."),
         ("运行到这里出错：{error}", "没有运行到底。")),
]}
# fmt: on

# What else is said, in both languages; one row a sentence.
TEXTS: dict[str, tuple[str, str]] = {
    "title": ("{backward} against {forward}", "{backward} 对照 {forward}"),
    "right": (
        "right: every returned gradient, at {points} points",
        "正确：返回的每个梯度，在 {points} 个点上都对",
    ),
    "wrong": ("wrong", "有错"),
    "first": ("`{name}` on line {line} is wrong.", "第 {line} 行的 `{name}` 错了。"),
    "first_result": (
        "What line {line} returns as `{name}` is wrong.",
        "第 {line} 行返回的 `{name}` 错了。",
    ),
    "unknown": (
        "It is not the gradient that belongs here, and no simple change makes it right; compare it with the expected line.",
        "它不是这里应有的梯度，改一处小地方也不能使它正确；请和应有的式子对照。",
    ),
    "expected": ("expected: {line}", "应为：{line}"),
    "gradient_of": ("it should be the gradient of `{node}`", "它应该是 `{node}` 的梯度"),
    "change": ("this would be right: {line}", "这样就对了：{line}"),
    "shapes": ("shape {got}, expected {want}", "形状 {got}，应为 {want}"),
    "error_size": ("relative error {error}", "相对误差 {error}"),
    "ratio": ("it is {ratio} times the right value", "它是正确值的 {ratio} 倍"),
    "then": ("Once that is corrected, the next mistake:", "改正之后，下一处错误："),
    "note": ("note", "说明"),
    "row_right": ("right", "正确"),
    "row_wrong": ("wrong", "错误"),
    "row_partial": ("right, one path", "正确（其中一路）"),
    "row_scaled": ("right up to {ratio}", "差常数倍 {ratio}"),
    "row_helper": ("", ""),
    "col_line": ("line", "行"),
    "col_name": ("variable", "变量"),
    "col_shape": ("shape", "形状"),
    "col_what": ("gradient of", "谁的梯度"),
    "col_verdict": ("", ""),
    "none": (
        "{backward} returns None; it must return the gradients: {names}. Is the `return` missing?",
        "{backward} 返回了 None；应该返回梯度：{names}。是不是忘了 `return`？",
    ),
    "number": (
        "{backward} returns a number of results that does not fit ({got}): {want} expected, one for each floating-point argument of {forward}, in this order: {names}",
        "{backward} 返回了 {got} 个值；应该是 {want} 个，{forward} 的每个浮点参数各一个，顺序是：{names}",
    ),
    "key": (
        "{backward} returns a dictionary without an entry for `{name}`; it has: {have}",
        "{backward} 返回的字典里没有 `{name}` 的梯度；只有：{have}",
    ),
    "raises": (
        "{backward} stops on line {line}: {error}",
        "{backward} 在第 {line} 行出错：{error}",
    ),
    "values_there": ("the values there: {values}", "当时的值：{values}"),
    "cache_is": (
        "The cache that {forward} returned: {cache}",
        "{forward} 返回的 cache 是：{cache}",
    ),
    "kink": (
        "At the given arguments {forward} has a kink ({where}): there is no gradient there, so that point was left out. {others} points nearby were judged.",
        "在给定的参数处 {forward} 不可导（{where}），没有梯度可比，这个点不算。改在附近的 {others} 个点上检查。",
    ),
    "note_constant": (
        "`{name}` (line {line}) holds {ratio} times the gradient of `{node}`; later lines make up for it.",
        "`{name}`（第 {line} 行）是 `{node}` 的梯度的 {ratio} 倍；后面的行补上了这个常数。",
    ),
    "note_identity": (
        "`{name}` (line {line}) is right only because of an identity such as Σ(x − mean) = 0: {what}. No mistake, but good to know.",
        "`{name}`（第 {line} 行）只是因为 Σ(x − mean) = 0 之类的恒等式才对：{what}。不算错，但值得知道。",
    ),
    "note_uses_identity": (
        "uses an identity such as Σ(x − mean) = 0 to leave something out; fine",
        "利用了 Σ(x − mean) = 0 之类的恒等式省略了一些东西；没有问题",
    ),
    "identity_sign": ("the sign is wrong, and the identity hides it", "符号反了，恒等式掩盖了它"),
    "identity_other": ("it leaves out a term that is zero", "省略了恰好为零的一项"),
    "hidden": (
        "The returned gradients are right all the same; but the variable is not what its name says.",
        "返回的梯度碰巧仍然是对的；但这个变量不是它的名字所说的梯度。",
    ),
    "no_source": (
        "There is no source to read (a REPL or exec), so lines cannot be shown or changed; the run was followed all the same.",
        "没有源代码（REPL 或 exec），无法显示和试改代码行；运行过程仍然跟踪了。",
    ),
    "dtype": (
        "Arguments were taken in double precision.",
        "参数按双精度计算。",
    ),
}


def say(key: str, lang: str, **said: Any) -> str:
    en, zh = TEXTS[key]
    return (zh if lang == "zh" else en).format(**said)
