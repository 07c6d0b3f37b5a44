"""What is said of a line that is wrong or cannot be followed: one row a text.

Authors read it in English, where they build; readers of an exercise in the language of the page.
"""

from dataclasses import dataclass

from backprop.common.words import sayer
from backprop.program.fault import FenceError

WORDS = {
    "not_gradient": {
        "en": "`{line}` is not the gradient of {node}: {difference}",
        "zh": "`{line}` 不是 {node} 的梯度：{difference}",
    },
    "not_part": {
        "en": "`{line}` is not a part of the gradient of {node}: {difference}",
        "zh": "`{line}` 不是 {node} 的梯度的一部分：{difference}",
    },
    "sign": {"en": "its sign is wrong", "zh": "正负号反了"},
    "factor": {"en": "it is {factor:.4g} times that", "zh": "它是应有值的 {factor:.4g} 倍"},
    "transpose": {"en": "it is the transpose of that", "zh": "它是应有值的转置"},
    "no_array": {"en": "it is no array of numbers", "zh": "它不是由数组成的数组"},
    "shape": {
        "en": "it has shape {got}, the gradient has shape {want}",
        "zh": "它的 shape 是 {got}，梯度的 shape 是 {want}",
    },
    "not_finite": {"en": "it is not finite", "zh": "它不是有限的数"},
    "zero": {"en": "it is zero, the gradient is not", "zh": "它是零，而梯度不是"},
    "values": {
        "en": "its shape {shape} is right, its values are not ({wrong} of {size} differ, "
        "relative error {error:.2g})",
        "zh": "shape {shape} 对，值不对（{size} 个里有 {wrong} 个不同，相对误差 {error:.2g}）",
    },
    "nothing_flows": {"en": "no gradient flows there", "zh": "那里没有梯度流过"},
    "other_lengths": {
        "en": "; it is right for the lengths of this page and wrong for others: {shapes}",
        "zh": "；用本页的长度是对的，换成别的长度就错了：{shapes}",
    },
    "equal_lengths": {
        "en": "; it is right for the lengths of this page, where some are equal, and wrong for "
        "others: {shapes}",
        "zh": "；本页有的长度碰巧相等，所以是对的，换成别的长度就错了：{shapes}",
    },
    "expected": {"en": "; expected is {lines}", "zh": "；应为 {lines}"},
    "where": {"en": ", where {lines}", "zh": "，其中 {lines}"},
    "or": {"en": " or ", "zh": " 或 "},
    "and": {"en": " and ", "zh": " 和 "},
    "wrong": {"en": "`{line}` is wrong", "zh": "`{line}` 错了"},
    "wrong_so": {"en": "`{was}` is wrong, so {text}", "zh": "`{was}` 错了，所以 {text}"},
    "why": {"en": "; {why}", "zh": "；{why}"},
    "would_be_right": {"en": ", `{line}` would be right", "zh": "，改成 `{line}` 就对了"},
    "twice": {
        "en": "`{line}` is the part of the gradient that `{other}` is already",
        "zh": "`{line}` 这一部分梯度，`{other}` 里已经有了",
    },
    "did_you_mean": {
        "en": "`{name}` is the gradient of no node of {function}; did you mean `{close}`?",
        "zh": "`{name}` 不是 {function} 里任何结点的梯度；是不是想写 `{close}`？",
    },
    "no_node": {
        "en": "`{name}` is the gradient of no node of {function}; it has {names}",
        "zh": "`{name}` 不是 {function} 里任何结点的梯度；那里有 {names}",
    },
    "stops": {
        "en": "`{line}` works for the lengths of this page and not for others, {shapes}: {error}",
        "zh": "`{line}` 用本页的长度能运行，换成别的长度就不能，{shapes}：{error}",
    },
    "stops_equal": {
        "en": "`{line}` works for the lengths of this page, where some are equal, and not for "
        "others, {shapes}: {error}",
        "zh": "本页有的长度碰巧相等，所以 `{line}` 能运行，换成别的长度就不能，{shapes}：{error}",
    },
    "foreign": {
        "en": " ({names} means nothing in {function}, whose upstream gradient is called "
        "{outputs}: it was read as it is on the page)",
        "zh": "（{names} 在 {function} 里没有意义，那里的上游梯度叫 {outputs}；这里用的是本页上的值）",
    },
    "nothing": {
        "en": "nothing to check: no line assigns the gradient of a node of {function}; it has "
        "{names}",
        "zh": "没有可检查的：没有一行给 {function} 里某个结点的梯度赋值；那里有 {names}",
    },
    "never_ran": {
        "en": "`{code}` never ran, so `{name}` was not checked there: take the line out of its "
        "`if`, `for` or `try`, or call the function so that it runs",
        "zh": "`{code}` 从没运行过，所以那里的 `{name}` 没有检查：把这一行移出 `if`、`for` 或 "
        "`try`，或者换一个让它运行的函数调用",
    },
    "another_value": {
        "en": "`{code}` gives another value than {name} has in {function}, so the lines below "
        "cannot be checked",
        "zh": "`{code}` 算出的值和 {function} 里的 {name} 不同，下面的行就没法检查了",
    },
    "other_numbers": {
        "en": "`{name}` has another value on this page than in {function}: {what} is about other "
        "numbers than these lines",
        "zh": "`{name}` 在本页上的值和 {function} 里的不同：{what} 说的是另外的数",
    },
    "again": {
        "en": "`{code}` computes a forward value again, where the check has shifted it: give it "
        'the name that it has in {function}, on a line of its own, or say at="real"',
        "zh": "`{code}` 把前向的值又算了一遍，而检查时它移动过：请单独写一行，用它在 {function} "
        '里的名字，或者写 at="real"',
    },
    "function": {
        "en": "check follows lines, not the body of `{name}`: write its lines at the top level of "
        "the fence, or define it in a fence of its own, without check",
        "zh": "检查跟着一行一行走，不进 `{name}` 的函数体：把其中的行写在最外层，或者不检查、"
        "另外定义它",
    },
    "hidden": {
        "en": "check cannot follow what `{name}` assigns: write its lines in the fence",
        "zh": "检查看不到 `{name}` 给什么赋了值：把那些行直接写出来",
    },
    "star": {
        "en": "check cannot follow what `from {name} import *` assigns: import the names",
        "zh": "检查看不到 `from {name} import *` 给什么赋了值：把名字一个个写出来",
    },
    "kept": {
        "en": "check follows variables, and `{name}` is none here: assign `{name} = {code}` on a "
        "line of its own, and put `{name}` there",
        "zh": "检查只跟着变量走，而这里的 `{name}` 不是变量：先单独写一行 `{name} = {code}`，再把 "
        "`{name}` 放进去",
    },
    "overwritten": {
        "en": "`{code}` was not checked: line {by} assigns `{name}` anew before anything reads it; "
        "take the line away, or out of its `if`, `for` or `try`",
        "zh": "`{code}` 没有检查：在有人读它之前，第 {by} 行又给 `{name}` 赋了值；删掉这一行，或者"
        "移出 `if`、`for` 或 `try`",
    },
    "module": {
        "en": "`{code}` changes `{name}`, which is not the page's: a fence with check leaves "
        "modules, classes and functions as they are",
        "zh": "`{code}` 改了 `{name}`，而它不属于本页：带 check 的代码块不能改动模块、类和函数",
    },
    "patched": {
        "en": "`{name}` is a function of this page here, and what is checked is compared by it: "
        "leave numpy and backprop as they are",
        "zh": "这里的 `{name}` 是本页定义的函数，而检查要靠它来比较：不要改动 numpy 和 backprop",
    },
    "not_again": {
        "en": "`{name}` is another value when the fence is run once more: what is compared is not "
        "what stands on the page",
        "zh": "把这一块再运行一次，`{name}` 的值就不同了：比较的不是页面上的值",
    },
    "inner_function": {
        "en": "check cannot follow a function in here",
        "zh": "检查不进这里面的函数",
    },
    "missing": {"en": "no line makes `{name}` yet", "zh": "还没有一行算出 `{name}`"},
}

say = sayer(WORDS)


@dataclass(frozen=True)
class Said:
    """What is said of a wrong line: what it is, and what would be right.

    `enough`: it names the mistake, so no change needs to be searched for. `mended`: what it is if
    a change makes it right.
    """

    what: str
    right: str = ""
    enough: bool = False
    mended: str = ""

    def __str__(self) -> str:
        return self.what + self.right


class WrongLineError(FenceError):
    """A line is wrong; `what` says so, and not what would be right.

    `missing`: no line is wrong, but there is one too few.
    """

    def __init__(self, message: str, line: int, what: str, missing: bool = False):
        super().__init__(message, line)
        self.what, self.missing = what, missing
