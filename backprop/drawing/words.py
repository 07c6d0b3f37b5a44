"""What a drawing says to its readers, in both languages."""

WORDS = {
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


def say(key: str, lang: str, **values: object) -> str:
    """The sentence ``key`` in ``lang`` ("en" or "zh", also as "zh-Hans"), filled in.

    Raises ValueError for a language that the table does not have.
    """
    row = WORDS[key]
    short = lang.split("-")[0].lower()
    if short not in row:
        raise ValueError(f"lang is one of {', '.join(row)}, not {lang!r}")
    return row[short].format(**values)
