"""What a drawing says to its readers, in both languages."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS = {
    "tag": {"en": "en", "zh": "zh-Hans"},  # of the language, for browsers
    "title": {"en": "Computation graph of {name}", "zh": "{name} 的计算图"},
    "inputs": {"en": "Inputs: {list}.", "zh": "输入：{list}。"},
    "forward": {"en": "Forward: {list}.", "zh": "前向：{list}。"},
    "output": {"en": "Output: {list}.", "zh": "输出：{list}。"},
    "backward": {"en": "Backward: {list}.", "zh": "反向：{list}。"},
    "item": {"en": "{text}, shape {shape}", "zh": "{text}，shape 为 {shape}"},
    # After a shape; where there is no room on a line of its own, without the comma.
    "broadcast": {"en": ", broadcast", "zh": "，广播"},
    "separator": {"en": "; ", "zh": "；"},
}

say = sayer(WORDS)
