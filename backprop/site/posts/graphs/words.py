"""What the figure of a graph says to its readers, in both languages."""

from backprop.common.words import sayer

WORDS = {
    "figure": {"en": "Computation of {name}, step by step", "zh": "{name} 的计算，逐步演示"},
    "drawing": {"en": "Graph of {name}", "zh": "{name} 的计算图"},
    "forward_code": {"en": "Forward", "zh": "前向"},
    "backward_code": {"en": "Backward, derived", "zh": "反向（自动推导）"},
    "controls": {"en": "Step through the computation", "zh": "逐步演示"},
    "whole": {"en": "Whole graph", "zh": "全图"},
    "previous": {"en": "Back", "zh": "上一步"},
    "next": {"en": "Next", "zh": "下一步"},
    "position": {"en": "Step", "zh": "步"},
    "steps": {"en": "The steps", "zh": "各步说明"},
    # Said aloud: {n}, {total} and {text} are filled in by the script.
    "say": {"en": "Step {n} of {total}, {text}", "zh": "第 {n} 步，共 {total} 步，{text}"},
    "intro": {
        "en": "Walk through it with the buttons or with ← and →. Click a line, a wire or a node to"
        " see what belongs to it.",
        "zh": "用按钮或 ←、→ 键逐步走。点代码行、连线或节点，可以看到与它对应的部分。",
    },
    "change": {
        "en": "The numbers below can be changed: everything is computed anew.",
        "zh": "下面的数可以改：改了以后全部重新计算。",
    },
    "sentences": {"en": " ", "zh": ""},  # what stands between two of them
    "reset": {"en": "The page's numbers", "zh": "恢复原来的数"},
    # Filled in by the script.
    "nudge": {
        "en": "{cell} moved by ±h: the slope of Σ upstream · output is {slope}; {gradient} = {value}",
        "zh": "把 {cell} 移动 ±h：Σ 上游梯度 · 输出 的斜率是 {slope}；{gradient} = {value}",
    },
    "flip": {
        "en": "flip the sign of `{name}` in `{line}`",
        "zh": "把 `{line}` 里 `{name}` 的符号反过来",
    },
    "shift": {"en": "shift `{name}` by 0.5 in the forward pass", "zh": "前向里给 `{name}` 加 0.5"},
    # Filled in by the script.
    "is_right": {
        "en": "✓ {gradient} is the numeric gradient.",
        "zh": "✓ {gradient} 和数值梯度一致。",
    },
    "is_off": {
        "en": "✗ {gradient} is wrong: off from the numeric gradient by up to {off}.",
        "zh": "✗ {gradient} 错了：和数值梯度最多差 {off}。",
    },
    "given": {"en": "The inputs", "zh": "输入"},
    "link": {"en": "Link to this step", "zh": "本步链接"},
    "legend_forward": {"en": "forward: value and shape", "zh": "前向：值和 shape"},
    "legend_backward": {"en": "backward: gradient, same shape", "zh": "反向：梯度，shape 相同"},
    "legend_broadcast": {
        "en": "“broadcast”: kept smaller, filled up where it is used",
        "zh": "“广播”：先存小的，用到时补全",
    },
    "legend_operation": {"en": "operation", "zh": "运算"},
    "legend_input": {"en": "input, output", "zh": "输入、输出"},
    "legend_constant": {"en": "constant, no gradient", "zh": "常量，没有梯度"},
    "forward": {"en": "forward", "zh": "前向"},
    "backward": {"en": "backward", "zh": "反向"},
    "rule": {"en": "rule", "zh": "规则"},
    "why": {"en": "why", "zh": "原因"},
    # Code stands between grave accents.
    "rule_of": {"en": "`{rule}`, from `{forward}`", "zh": "`{rule}`，来自 `{forward}`"},
    "backward_of": {"en": "the backward of `{forward}`", "zh": "`{forward}` 的反向"},
    "same": {
        "en": "{name} is {other}, handed on as it is",
        "zh": "{name} 就是 {other}，原样传过来",
    },
    "broadcast": {
        "en": "{name} is broadcast from {small} to {big}",
        "zh": "{name} 从 {small} 广播到 {big}",
    },
    "upstream": {
        "en": "the upstream gradient, given: it has the shape of {node}",
        "zh": "上游梯度，由外部给定，shape 和 {node} 相同",
    },
    "sum": {
        "en": "{node} is used {count} times, so its partial gradients are added",
        "zh": "{node} 用了 {count} 次，把各条路径的梯度相加",
    },
    "zeros": {
        "en": "{node} was taken apart: its gradient starts from zeros and is filled in below",
        "zh": "{node} 被取出过一部分：梯度从 0 开始，由后面的行填入",
    },
    "because": {
        "en": "sum over {axes}, because {node} was broadcast from {small} to {big}",
        "zh": "沿 {axes} 求和，因为 {node} 从 {small} 广播到了 {big}",
    },
    "completed": {
        "en": "completed from {small} to {big}: from here on every entry counts",
        "zh": "从 {small} 补全为 {big}：从这里起需要每个元素",
    },
    "lazy": {
        "en": "kept as {small}: broadcasting completes it to {big} where it is used",
        "zh": "先保留为 {small}：用到时会广播成 {big}",
    },
    # ── asked first ──
    "ask": {"en": "Ask me first", "zh": "先问我"},
    "show": {"en": "Show me", "zh": "看答案"},
    "ask_shape": {
        "en": "Which shape has the gradient of `{node}`?",
        "zh": "`{node}` 的梯度是什么 shape？",
    },
    "ask_shape_from": {
        "en": "Which shape has the gradient that `{node}` gets from `{user}`?",
        "zh": "`{user}` 传给 `{node}` 的梯度是什么 shape？",
    },
    "ask_line": {"en": "Which line computes it?", "zh": "它由哪一行算出？"},
    "right": {"en": "Right.", "zh": "对。"},
    "right_shape": {
        "en": "Right: a gradient has the shape of what it is the gradient of, and `{node}` is {shape}.",
        "zh": "对：梯度和原变量同 shape，`{node}` 是 {shape}。",
    },
    "shape_of": {
        "en": "No, {shape} is the shape of `{node}`.",
        "zh": "不对，{shape} 是 `{node}` 的 shape。",
    },
    "shape_of_none": {
        "en": "No: a gradient has the shape of what it is the gradient of.",
        "zh": "不对：梯度和原变量同 shape。",
    },
    "wrong_sign": {"en": "The sign of `{part}` is wrong.", "zh": "`{part}` 的符号反了。"},
    "wrong_times": {
        "en": "It multiplies by `{part}` where it must divide.",
        "zh": "应该除以 `{part}`，这里却乘了。",
    },
    "wrong_divided": {
        "en": "It divides by `{part}` where it must multiply.",
        "zh": "应该乘以 `{part}`，这里却除了。",
    },
    "wrong_term": {"en": "The term `{part}` is missing.", "zh": "漏了一项 `{part}`。"},
    "wrong_factor": {"en": "The factor `{part}` is missing.", "zh": "漏了因子 `{part}`。"},
    "wrong_division": {
        "en": "The division by `{part}` is missing.",
        "zh": "忘了除以 `{part}`。",
    },
    "wrong_axis": {
        "en": "The axis is wrong: `{was}` where `{want}` is needed.",
        "zh": "轴错了：写的是 `{was}`，应该是 `{want}`。",
    },
    "wrong_keyword": {"en": "`{part}` is missing.", "zh": "漏了 `{part}`。"},
    "wrong_part": {
        "en": "`{was}` stands where `{want}` is needed.",
        "zh": "写的是 `{was}`，应该是 `{want}`。",
    },
    "wrong_summed": {"en": "A sum too many.", "zh": "多了一次求和。"},
    "wrong_doubled": {"en": "The factor 2 is too much.", "zh": "多了因子 2。"},
    "no_fit": {
        "en": "NumPy stops here: the shapes do not fit.",
        "zh": "NumPy 会在这里报错：shape 对不上。",
    },
    "other_shape": {
        "en": "The result would have the shape {shape}.",
        "zh": "结果的 shape 会是 {shape}。",
    },
    "hidden": {
        "en": "With the numbers of this page it makes no difference: they hide the mistake.",
        "zh": "用这一页的数算不出差别：它们掩盖了这个错误。",
    },
    "axis": {"en": "axis {list}", "zh": "axis {list}"},
    "axes": {"en": "axes {list}", "zh": "axis {list}"},
    "list": {"en": ", ", "zh": "、"},
}

say = sayer(WORDS)
