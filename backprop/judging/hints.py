"""The kinds of mistakes, one row each: how each is recognised, and what is said about it.

The words in the first column are the same in every language: `Report.hint` is one of them.
`{…}` are the details that the recogniser found; a detail that is missing makes the next,
plainer sentence be used. Rows are asked in this order.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backprop.common.words import column
from backprop.judging.edits.choices import (
    attribute,
    called_upon,
    derived_function,
    exponential,
    function,
    mask,
    operand,
    operand_for_number,
    other_derivative,
    sigmoid_of,
    value_for_derivative,
)
from backprop.judging.edits.indices import (
    counter,
    direction,
    flipped,
    inverse,
    listed,
    offset,
    row_of_each,
    slid,
    stride,
    table,
)
from backprop.judging.edits.matrices import index, laid_out, missing_product, order, transposed
from backprop.judging.edits.places import Change, Place, Scope
from backprop.judging.edits.scalars import (
    epsilon,
    factor,
    missing_factor,
    normalised,
    power,
    sign,
)
from backprop.judging.edits.statements import (
    accumulated,
    axes_throughout,
    divided,
    lengths_throughout,
    operands_throughout,
    partly,
    reordered,
    rolls_throughout,
    shifted_back,
    subtracted,
    unshared,
)
from backprop.judging.edits.sums import axis, missing_sum, multiplied_term, one_hot, term
from backprop.judging.relations import (
    Pair,
    Words,
    misshapen,
    multiplied,
    negated,
    other_zeros,
    raised,
    summed,
    too_small,
    truth_values,
    turned,
    underived,
    with_a_path_twice,
    without_a_path,
)


@dataclass(frozen=True)
class Hint:
    """One kind of mistake.

    Attributes:
        word: what `Report.hint` holds.
        recognised: how the checker tells, in words.
        says: what is said, a column a language; of several sentences, the first whose details
            are known.
        edits: changes at a place of a statement; one that makes it right tells the kind.
        statements: the same for a statement as such.
        related: how the wrong value shows the kind. The second is asked if no row's first
            has found anything.
    """

    word: str
    recognised: str
    says: dict[str, tuple[str, ...]]
    edits: tuple[Callable[[Place], Iterator[Change]], ...] = ()
    statements: tuple[Callable[[ast.stmt, Scope], Iterator[Change]], ...] = ()
    related: tuple[Callable[[Pair], Words | None], ...] = ()

    def say(self, lang: str, detail: dict[str, Any]) -> str:
        known = {k: v for k, v in detail.items() if v not in ("", None)}
        for sentence in self.says.get(column(lang), self.says["en"]):
            try:
                return sentence.format_map(known)
            except KeyError:
                continue
        raise AssertionError(f"the last sentence of {self.word} must need no details")

    def clause(self, lang: str, detail: dict[str, Any]) -> str:
        """The same as a part of another sentence: without what explains it."""
        said = re.split(r"。|\. |\.$|: (?=what)", self.say(lang, detail))[0]
        return said[0].lower() + said[1:]


# fmt: off
HINTS = {hint.word: hint for hint in [
    Hint("sign", "a sign changed makes it right; the value is minus the true one",
         {"en": ("The sign of `{term}` is wrong.", "The sign is wrong."),
          "zh": ("`{term}` 的符号反了。", "符号反了。")},
         edits=(sign,), statements=(subtracted,), related=(negated,)),
    Hint("factor", "a factor (N, D, 1/N, 2, ½, eps, an array) more, less or exchanged makes it right",
         {"en": ("The factor is wrong: `{was}` where `{factor}` is needed.",
          "The factor `{factor}` is missing, superfluous or in the wrong place.", "It is off by a factor."),
          "zh": ("因子错了：写的是 `{was}`，应该是 `{factor}`。",
          "因子 `{factor}` 漏了、多了，或者放错了地方。", "差一个因子。")},
         edits=(factor, epsilon, missing_factor, missing_product, normalised, stride), statements=(divided, lengths_throughout), related=(multiplied,)),
    Hint("power", "another exponent, or dividing instead of multiplying, makes it right",
         {"en": ("The power is wrong: `{was}` should be `{want}`.", "The power is wrong."),
          "zh": ("幂次错了：`{was}` 应该是 `{want}`。", "幂次错了。")},
         edits=(power,), related=(raised,)),
    Hint("axis", "another axis of a sum, mean or softmax makes it right",
         {"en": ("The axis is wrong: axis {was} where axis {want} is needed.", "The axis is wrong."),
          "zh": ("轴错了：写的是 axis={was}，应该是 axis={want}。", "轴错了。")},
         edits=(axis,), statements=(axes_throughout,), related=(too_small,)),
    Hint("missing sum", "a sum over axes makes it right: broadcasting forward is a sum backward",
         {"en": ("A sum over axis {axis} is missing: forward broadcast the value along it, so backward adds up.",
          "A sum is missing: where forward broadcasts, backward adds up."),
          "zh": ("漏了对 axis={axis} 的求和：前向沿这个轴广播，反向就要沿这个轴求和。", "漏了求和：前向广播，反向就要求和。")},
         edits=(missing_sum,), related=(summed,)),
    Hint("transposed", "a transpose more or less makes it right",
         {"en": ("It is transposed, or multiplied in the wrong order: look at `{operand}`.",
          "It is transposed, or multiplied in the wrong order."),
          "zh": ("转置错了，或者矩阵相乘的顺序反了：看看 `{operand}`。", "转置错了，或者矩阵相乘的顺序反了。")},
         edits=(transposed, laid_out), related=(turned,)),
    Hint("operand", "another variable in one place makes it right",
         {"en": ("The wrong operand: `{was}` is used where `{want}` is needed.", "A wrong operand is used."),
          "zh": ("用错了变量：写的是 `{was}`，应该是 `{want}`。", "用错了变量。")},
         edits=(operand, attribute, index, row_of_each, table, offset, slid, counter, operand_for_number), statements=(operands_throughout, partly)),
    Hint("function", "a relative of a function makes it right: tanh for cosh, maximum for minimum",
         {"en": ("The wrong function: `{was}` is used where `{want}` is needed.", "A wrong function is used."),
          "zh": ("用错了函数：写的是 `{was}`，应该是 `{want}`。", "用错了函数。")},
         edits=(function, exponential, derived_function, called_upon)),
    Hint("mask", "another mask makes it right; it lets the wrong entries through",
         {"en": ("The mask is wrong: `{was}` should be `{want}`.", "The mask lets the wrong entries through."),
          "zh": ("掩码（mask）错了：`{was}` 应该是 `{want}`。", "掩码（mask）放过了不该放过的元素。")},
         edits=(mask,), related=(truth_values, other_zeros)),
    Hint("value", "a derivative in the place of a forward value makes it right",
         {"en": ("A forward value is used where its derivative belongs: `{was}` should be `{want}`.",
          "A forward value is used where its derivative belongs."),
          "zh": ("该用导数的地方用了前向的值：`{was}` 应该是 `{want}`。", "该用导数的地方用了前向的值。")},
         edits=(value_for_derivative, other_derivative, sigmoid_of), related=(underived,)),
    Hint("missing term", "a term added makes it right; the difference is the gradient on one path",
         {"en": ("A term is missing: `{term}`. Every path by which the value is used sends a gradient back, and they add up.",
          "A term is missing. Every path by which the value is used sends a gradient back, and they add up."),
          "zh": ("漏了一项：`{term}`。这个值在前向里每被用一次，就有一份梯度传回来，要全部加起来。",
          "漏了一项。这个值在前向里每被用一次，就有一份梯度传回来，要全部加起来。")},
         edits=(term, multiplied_term, one_hot), related=(without_a_path,)),
    Hint("extra term", "a term left out makes it right; what is too much is the gradient on one path, counted twice",
         {"en": ("A term too many: `{term}`. Every path by which the value is used sends its gradient back once.",
          "A term too many. Every path by which the value is used sends its gradient back once."),
          "zh": ("多了一项：`{term}`。这个值在前向里每被用一次，只传回一份梯度。", "多了一项。这个值在前向里每被用一次，只传回一份梯度。")},
         related=(with_a_path_twice,)),
    Hint("overwritten", "`+=` instead of `=` (or the reverse) makes it right",
         {"en": ("`{was}` should be `{want}`: what was there before is lost, or counted twice. Gradients add up.",
          "The gradient is overwritten where it should be accumulated."),
          "zh": ("`{was}` 应该是 `{want}`：之前的梯度被覆盖了（或者被重复计算）。梯度要累加。", "梯度应该累加，却被覆盖了。")},
         statements=(accumulated,)),
    Hint("order", "the same things in another order make it right",
         {"en": ("The order is wrong: `{was}` stands where `{want}` belongs.", "The order is wrong."),
          "zh": ("顺序错了：`{was}` 的位置上应该是 `{want}`。", "顺序错了。")},
         edits=(order, direction, flipped, listed, inverse), statements=(reordered, rolls_throughout, shifted_back)),
    Hint("forward", "a forward value is computed again, and otherwise; the forward's own makes it right",
         {"en": ("It is not the `{name}` of {forward}, which computes it as `{written}`.",
          "It is not the value that forward has under this name."),
          "zh": ("它不是 {forward} 里的 `{name}`，那里写的是 `{written}`。", "它不是前向里这个名字的值。")}),
    Hint("cancel", "the results are right, but only because a second mistake undoes the first",
         {"en": ("The results are right only because a later line undoes this mistake: two mistakes that cancel.",
          "The results are right only because a later line undoes this mistake: two mistakes that cancel."),
          "zh": ("结果碰巧是对的，因为后面又错了一次，两个错误抵消了。", "结果碰巧是对的，因为后面又错了一次，两个错误抵消了。")}),
    Hint("shape", "the numbers may be right, their shape or number is not",
         {"en": ("Its shape is wrong: the reduction needs `{needed}`.",
          "It has shape {got_shape}; the gradient has the shape of what it is the gradient of, {want_shape}.",
          "Its shape is wrong: a gradient has the shape of what it is the gradient of."),
          "zh": ("形状不对：这里归约要写 `{needed}`。",
          "它的形状是 {got_shape}；梯度必须和原变量同形状，{want_shape}。", "形状不对：梯度必须和原变量同形状。")},
         related=(misshapen,)),
    Hint("eps", "the gradient of the forward without a small number of its own; see `nearly`",
         {"en": ("Exact without the {number} of line {at}, off by {off}.", "Exact without a small number that the forward adds."),
          "zh": ("如果前向第 {at} 行没有 {number}，它就完全正确；现在差 {off}。", "如果前向没有加上那个很小的数，它就完全正确。")}),
    Hint("rounded", "more digits of a number make it right; see `nearly`",
         {"en": ("`{number}` on line {at} is a rounded number, which makes it off by {off}.", "A number is rounded."),
          "zh": ("第 {at} 行的 `{number}` 是四舍五入过的，所以差 {off}。", "有一个数是四舍五入过的。")}),
    Hint("inplace", "a copy makes it right: an array that is needed later was written to",
         {"en": ("An array that is needed again is written to: work on a copy (`.copy()`), or write `a = a * b` for `a *= b`.",),
          "zh": ("后面还要用的数组被改写了：先复制一份（`.copy()`），或者把 `a *= b` 写成 `a = a * b`。",)},
         statements=(unshared,)),
    Hint("error", "the backward raises, returns nothing, or too little",
         {"en": ("It stops with {error}", "It does not run to its end."),
          "zh": ("运行到这里出错：{error}", "没有运行到底。")}),
]}
# fmt: on
