"""What readers see, in each language; one row a sentence."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS: dict[str, dict[str, str]] = {
    "scroll": {"zh": "可以左右滚动", "en": "scrolls sideways"},
    "table": {"zh": "表格", "en": "Table"},
    "code": {"zh": "代码", "en": "Code"},
    "menu": {"zh": "菜单", "en": "Menu"},
    "search": {"zh": "搜索", "en": "Search"},
    "note": {"zh": "脚注", "en": "Note"},
    "translated": {"zh": "译自 {name} 版原文", "en": "Translated from {name}"},
    "also": {"zh": "译文：{name}", "en": "Also in {name}"},
    "card": {
        "zh": "「{title}」里的计算图",
        "en": "The computation graph in “{title}”",
    },
    "run": {
        "zh": "这一页的代码是一个程序，自己运行：",
        "en": "The code of this page is one program. Run it yourself:",
    },
    "path": {"zh": "学习路线", "en": "Learning path"},
    "before": {"zh": "先读：{list}", "en": "Builds on: {list}"},
    "after": {"zh": "接着读：{list}", "en": "Leads to: {list}"},
    "comma": {"zh": "、", "en": ", "},
    "archive": {"zh": "{title} 的文章。{site}", "en": "Posts of {title}. {site}"},
}

say = sayer(WORDS)
