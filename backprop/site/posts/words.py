"""What readers of a page see, in every language: one row a text."""

from backprop.common.words import sayer

WORDS = {
    "output": {"en": "Output", "zh": "输出"},
    "hidden": {"en": "Set-up code", "zh": "准备代码"},
    "notest": {"en": "Not executed", "zh": "未执行"},
    "raises": {"en": "Raises", "zh": "报错"},
    "mistake": {"en": "A mistake, shown on purpose", "zh": "故意展示的错误"},
    "checked": {
        "en": "Checked: this is the gradient {name}, of shape {shape}",
        "zh": "已检查：这是梯度 {name}，shape 为 {shape}",
    },
    "checked_lazy": {
        "en": "Checked: this is the gradient {name}; its shape {held} is broadcast to {shape}",
        "zh": "已检查：这是梯度 {name}，shape 为 {held}，会广播成 {shape}",
    },
    "at_real": {
        "en": "Checked on the real values, without shifting the means: these lines are simplified by"
        " what always holds for a mean, such as Σ(x − mean) = 0, and then a shift would break them."
        " A term that this makes zero is not seen here.",
        "zh": "在真实的值上检查过，没有移动平均值：这几行用了平均值总是满足的恒等式化简，比如"
        " Σ(x − mean) = 0，移动了平均值就不成立了。因此而等于零的项，这里看不出对错。",
    },
    "marks": {
        "en": '<span class="bp-check-sign">✓</span> compared with the gradient that the graph has,'
        " with shifted means; behind it the shape. (4,) → (5, 4): kept as (4,), and broadcast to"
        " (5, 4) where it is used.",
        "zh": '<span class="bp-check-sign">✓</span> 这一行和计算图里的梯度比较过，平均值都移动过；'
        "后面是 shape。(4,) → (5, 4)：先存成 (4,)，用到时广播成 (5, 4)。",
    },
    "exercise": {"en": "Exercise", "zh": "练习"},
    "hint": {"en": "Hint", "zh": "提示"},
    "solution": {"en": "Solution", "zh": "答案"},
    "failed": {"en": "This fence does not do what the page says", "zh": "这段代码和本页说的不一样"},
    "figure": {"en": "Figure", "zh": "图"},
    "larger": {"en": "Larger", "zh": "放大"},
}

say = sayer(WORDS)
