"""What authors see in the browser while they write, a column a language."""

from __future__ import annotations

_WORDS = {
    #               English                                      中文
    "problems": ("To mend: {n}", "{n} 处需要修改"),
    "remarks": ("Remarks: {n}", "{n} 条提示"),
    "fatal": ("This edit cannot be built", "这次修改无法构建"),
    "last": ("You see the site as it was before.", "您看到的是修改之前的网站。"),
    "making": ("Still being made", "正在生成"),
    "waits": (
        "This page comes by itself as soon as it is ready.",
        "页面生成后会自动显示。",
    ),
    "progress": ("{done} of {total} steps", "已完成 {done} / {total} 步"),
    "mend": (
        "This page reloads itself when the mistake is mended.",
        "错误改正后，页面会自动刷新。",
    ),
    "line": ("line {line}", "第 {line} 行"),
}


def say(key: str, language: str, **values: object) -> str:
    """A phrase in the language whose code is given (English where there is none)."""
    text = _WORDS[key][1 if language.startswith("zh") else 0]
    return text.format(**values) if values else text
