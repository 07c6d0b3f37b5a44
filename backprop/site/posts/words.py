"""What readers of a page see, in every language: one row a text."""

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
        "en": "Checked at real values: these lines use an identity of the forward pass",
        "zh": "在真实的值上检查过：这几行用到了前向计算里的恒等式",
    },
    "failed": {"en": "This fence does not do what the page says", "zh": "这段代码和本页说的不一样"},
    "figure": {"en": "Figure", "zh": "图"},
}


def say(key: str, language: str, **values: object) -> str:
    """The text `key` in a language ("zh", "zh-Hans", …); English where there is none."""
    row = WORDS[key]
    return row.get(language.split("-")[0].lower(), row["en"]).format(**values)
