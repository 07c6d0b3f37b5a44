"""What a report says beside the hints, one row a sentence, a column a language."""

from __future__ import annotations

from backprop.common.words import sayer

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
    "unknown_alone": (
        "It is not the gradient that belongs here, and no simple change makes it right.",
        "它不是这里应有的梯度，改一处小地方也不能使它正确。",
    ),
    "inexact": ("`{name}` on line {line} is not exact.", "第 {line} 行的 `{name}` 不精确。"),
    "inexact_result": (
        "What line {line} returns as `{name}` is not exact.",
        "第 {line} 行返回的 `{name}` 不精确。",
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
    "integers": (
        "{integers} holds integers, which have no gradient, so {backward} returns too much: only {names} can be compared. If it is no table of labels or indices, pass {passed} to {forward}.",
        "{integers} 是整数数组，没有梯度，所以 {backward} 返回的太多了：只能比较 {names}。如果它不是标签或下标，请给 {forward} 传入 {passed}。",
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
    "note_inside": (
        "this is the layer `{path}`, checked alone with what it was given in the network.",
        "这是网络里的层 `{path}`，用它在网络里得到的输入单独检查。",
    ),
    "note_missing": (
        "not returned, so not compared: the gradient of {names}. Fine if nobody wants it.",
        "没有返回 {names} 的梯度，所以没有比较；没有人要用的话，这样也可以。",
    ),
    "note_left_out": (
        "{forward} has no derivative at {count} of the {size} entries of `{name}`; they were left out.",
        "{forward} 在 `{name}` 的 {size} 个元素中有 {count} 个处不可导，这些元素没有比较。",
    ),
    "note_doubted": (
        "For {names} the rules of backprop itself gave something else than replaying the forward; the replay was taken as the truth. Please report your forward function.",
        "{names} 处 backprop 自己的规则和重放前向得到的结果不同，这里以重放为准。请把这个前向函数报告给我们。",
    ),
    "note_inplace": (
        "`{name}` (line {line}) writes to {damaged}, which belongs to the caller. The gradients are what they are all the same; a copy (`.copy()`), or `a = a * b` for `a *= b`, would leave it alone.",
        "`{name}`（第 {line} 行）改写了 {damaged}，那是调用者的数据。这里的梯度不受影响；先复制一份 (`.copy()`)，或者把 `a *= b` 写成 `a = a * b`，就不会改到它。",
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
    "longer": (
        "It is right at the given lengths only; it was judged at others: {shapes}.",
        "它只在给定的长度下碰巧是对的；这里换了长度来检查：{shapes}。",
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

say = sayer({key: {"en": en, "zh": zh} for key, (en, zh) in TEXTS.items()})
