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
    "reset": {"en": "The page's numbers", "zh": "恢复原来的数"},
    # Filled in by the script.
    "nudge": {
        "en": "{cell} moved by ±h: the slope of Σ upstream · output is {slope}; {gradient} = {value}",
        "zh": "把 {cell} 移动 ±h：Σ 上游梯度 · 输出 的斜率是 {slope}；{gradient} = {value}",
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
    "axis": {"en": "axis {list}", "zh": "axis {list}"},
    "axes": {"en": "axes {list}", "zh": "axis {list}"},
    "list": {"en": ", ", "zh": "、"},
}

say = sayer(WORDS)
