"""What a report says beside the hints, one row a sentence, a column a language."""

from __future__ import annotations

from backprop.common.words import sayer

TEXTS = {
    # What stands between two sentences, and the locale in which a program says its own.
    "between": {"en": " ", "zh": ""},
    "locale": {"en": "en_US.UTF-8", "zh": "zh_CN.UTF-8"},
    "title": {"en": "{backward} against {forward}", "zh": "{backward} 对照 {forward}"},
    "right": {
        "en": "right: every returned gradient, at {points} points",
        "zh": "正确：返回的每个梯度，在 {points} 个点上都对",
    },
    "wrong": {"en": "wrong", "zh": "有错"},
    "first": {"en": "`{name}` on line {line} is wrong.", "zh": "第 {line} 行的 `{name}` 错了。"},
    "first_result": {
        "en": "What line {line} returns as `{name}` is wrong.",
        "zh": "第 {line} 行返回的 `{name}` 错了。",
    },
    "unknown": {
        "en": "It is not the gradient that belongs here, and no simple change makes it right; compare it with the expected line.",
        "zh": "它不是这里应有的梯度，改一处小地方也不能使它正确；请和应有的式子对照。",
    },
    "unknown_alone": {
        "en": "It is not the gradient that belongs here, and no simple change makes it right.",
        "zh": "它不是这里应有的梯度，改一处小地方也不能使它正确。",
    },
    "inexact": {
        "en": "`{name}` on line {line} is not exact.",
        "zh": "第 {line} 行的 `{name}` 不精确。",
    },
    "inexact_result": {
        "en": "What line {line} returns as `{name}` is not exact.",
        "zh": "第 {line} 行返回的 `{name}` 不精确。",
    },
    "expected": {"en": "expected: {line}", "zh": "应为：{line}"},
    "gradient_of": {
        "en": "it should be the gradient of `{node}`",
        "zh": "它应该是 `{node}` 的梯度",
    },
    "change": {"en": "this would be right: {line}", "zh": "这样就对了：{line}"},
    "needless": {"en": "without this line it would be right", "zh": "去掉这一行就对了"},
    "no_number": {
        "en": "{count} of its {size} entries are no number ({what}).",
        "zh": "它的 {size} 个元素中有 {count} 个不是数（{what}）。",
    },
    "shapes": {"en": "shape {got}, expected {want}", "zh": "形状 {got}，应为 {want}"},
    "error_size": {"en": "relative error {error}", "zh": "相对误差 {error}"},
    "ratio": {"en": "it is {ratio} times the right value", "zh": "它是正确值的 {ratio} 倍"},
    "then": {"en": "Once that is corrected, the next mistake:", "zh": "改正之后，下一处错误："},
    "note": {"en": "note: ", "zh": "说明："},
    "row_right": {"en": "right", "zh": "正确"},
    "row_wrong": {"en": "wrong", "zh": "错误"},
    "row_partial": {"en": "right, one path", "zh": "正确（其中一路）"},
    "row_scaled": {"en": "right up to {ratio}", "zh": "差常数倍 {ratio}"},
    "row_helper": {"en": "", "zh": ""},
    "col_line": {"en": "line", "zh": "行"},
    "col_name": {"en": "variable", "zh": "变量"},
    "col_shape": {"en": "shape", "zh": "形状"},
    "col_what": {"en": "gradient of", "zh": "谁的梯度"},
    "col_verdict": {"en": "", "zh": ""},
    "none": {
        "en": "{backward} returns None; it must return the gradients: {names}. Is the `return` missing?",
        "zh": "{backward} 返回了 None；应该返回梯度：{names}。是不是忘了 `return`？",
    },
    "number": {
        "en": "{backward} returns a number of results that does not fit ({got}): {want} expected, one for each floating-point argument of {forward}, in this order: {names}",
        "zh": "{backward} 返回了 {got} 个值；应该是 {want} 个，{forward} 的每个浮点参数各一个，顺序是：{names}",
    },
    "integers": {
        "en": "{integers} holds integers, which have no gradient, so {backward} returns too much: only {names} can be compared. If it is no table of labels or indices, pass {passed} to {forward}.",
        "zh": "{integers} 是整数数组，没有梯度，所以 {backward} 返回的太多了：只能比较 {names}。如果它不是标签或下标，请给 {forward} 传入 {passed}。",
    },
    "key": {
        "en": "{backward} returns a dictionary without an entry for `{name}`; it has: {have}",
        "zh": "{backward} 返回的字典里没有 `{name}` 的梯度；只有：{have}",
    },
    "raises": {
        "en": "{backward} stops on line {line}: {error}",
        "zh": "{backward} 在第 {line} 行出错：{error}",
    },
    "values_there": {"en": "the values there: {values}", "zh": "当时的值：{values}"},
    "cache_is": {
        "en": "The cache that {forward} returned: {cache}",
        "zh": "{forward} 返回的 cache 是：{cache}",
    },
    "kink": {
        "en": "At the given arguments {forward} has a kink ({where}): there is no gradient there, so that point was left out. {others} points nearby were judged.",
        "zh": "在给定的参数处 {forward} 不可导（{where}），没有梯度可比，这个点不算。改在附近的 {others} 个点上检查。",
    },
    "note_smaller": {
        "en": "At the given arguments {forward} saturates, so that nothing can be compared there; it was judged with arguments {size} times as large.",
        "zh": "在给定的参数处 {forward} 已经饱和，没有什么可比的；改用 {size} 倍大小的参数检查。",
    },
    "note_inside": {
        "en": "this is the layer `{path}`, checked alone with what it was given in the network.",
        "zh": "这是网络里的层 `{path}`，用它在网络里得到的输入单独检查。",
    },
    "note_stale": {
        "en": "`{backward}` does not run what stands in {file}: it was changed since it was imported, perhaps. This is about what runs; reload it to check what stands there.",
        "zh": "`{backward}` 运行的不是 {file} 里现在写的代码：也许导入之后文件又改过。这里说的是正在运行的代码；要检查文件里的，请重新加载。",
    },
    "note_missing": {
        "en": "not returned, so not compared: the gradient of {names}. Fine if nobody wants it.",
        "zh": "没有返回 {names} 的梯度，所以没有比较；没有人要用的话，这样也可以。",
    },
    "note_left_out": {
        "en": "{forward} has no derivative at {count} of the {size} entries of `{name}`; they were left out.",
        "zh": "{forward} 在 `{name}` 的 {size} 个元素中有 {count} 个处不可导，这些元素没有比较。",
    },
    "note_doubted": {
        "en": "For {names} the rules of backprop itself gave something else than replaying the forward; the replay was taken as the truth. Please report your forward function.",
        "zh": "{names} 处 backprop 自己的规则和重放前向得到的结果不同，这里以重放为准。请把这个前向函数报告给我们。",
    },
    "note_inplace": {
        "en": "`{name}` (line {line}) writes to {damaged}, which belongs to the caller. The gradients are what they are all the same; a copy (`.copy()`), or `a = a * b` for `a *= b`, would leave it alone.",
        "zh": "`{name}`（第 {line} 行）改写了 {damaged}，那是调用者的数据。这里的梯度不受影响；先复制一份（`.copy()`），或者把 `a *= b` 写成 `a = a * b`，就不会改到它。",
    },
    "note_constant": {
        "en": "`{name}` (line {line}) holds {ratio} times the gradient of `{node}`; later lines make up for it.",
        "zh": "`{name}`（第 {line} 行）是 `{node}` 的梯度的 {ratio} 倍；后面的行补上了这个常数。",
    },
    "note_identity": {
        "en": "`{name}` (line {line}) is right only because of an identity such as Σ(x − mean) = 0: {what}. No mistake, but good to know.",
        "zh": "`{name}`（第 {line} 行）只是因为 Σ(x − mean) = 0 之类的恒等式才对：{what}。不算错，但值得知道。",
    },
    "note_uses_identity": {
        "en": "uses an identity such as Σ(x − mean) = 0 to leave something out; fine",
        "zh": "利用了 Σ(x − mean) = 0 之类的恒等式省略了一些东西；没有问题",
    },
    "identity_sign": {
        "en": "the sign is wrong, and the identity hides it",
        "zh": "符号反了，恒等式掩盖了它",
    },
    "identity_other": {"en": "it leaves out a term that is zero", "zh": "省略了恰好为零的一项"},
    "hidden": {
        "en": "The returned gradients are right all the same; but the variable is not what its name says.",
        "zh": "返回的梯度碰巧仍然是对的；但这个变量不是它的名字所说的梯度。",
    },
    "aside_dout": {
        "en": "It is right with the upstream gradients that were tried first, and wrong with another: the gradient is a linear function of `dout`.",
        "zh": "用最初试的上游梯度时它碰巧是对的，换一个就错了：梯度是 `dout` 的线性函数。",
    },
    "aside_values": {
        "en": "It is right at the given arguments only; it was judged at others, where its own code goes another way: {values}.",
        "zh": "它只在给定的参数处是对的；这里换了参数来检查，代码在那里走了另一条路：{values}。",
    },
    "again": {
        "en": "{backward} gives another result when it is called again: call {number} returns a wrong {names}. Does it keep something from the calls before, or draw random numbers?",
        "zh": "再次调用时 {backward} 给出另一个结果：第 {number} 次调用返回的 {names} 是错的。它是否留用了上次调用的东西，或者用了随机数？",
    },
    "longer": {
        "en": "It is right at the given lengths only; it was judged at others: {shapes}.",
        "zh": "它只在给定的长度下碰巧是对的；这里换了长度来检查：{shapes}。",
    },
    "no_source": {
        "en": "There is no source to read (a REPL or exec), so lines cannot be shown or changed; the run was followed all the same.",
        "zh": "没有源代码（REPL 或 exec），无法显示和试改代码行；运行过程仍然跟踪了。",
    },
    "dtype": {"en": "Arguments were taken in double precision.", "zh": "参数按双精度计算。"},
}

say = sayer(TEXTS)
