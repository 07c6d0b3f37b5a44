"""What authors see in the browser while they write, a column a language."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS = {
    "problems": {"en": "To mend: {n}", "zh": "{n} 处需要修改"},
    "remarks": {"en": "Remarks: {n}", "zh": "{n} 条提示"},
    "fatal": {"en": "This edit cannot be built", "zh": "这次修改无法构建"},
    "last": {"en": "You see the site as it was before.", "zh": "您看到的是修改之前的网站。"},
    "making": {"en": "Still being made", "zh": "正在生成"},
    "waits": {
        "en": "This page comes by itself as soon as it is ready.",
        "zh": "页面生成后会自动显示。",
    },
    "progress": {"en": "{done} of {total} steps", "zh": "已完成 {done} / {total} 步"},
    "mend": {
        "en": "This page reloads itself when the mistake is mended.",
        "zh": "错误改正后，页面会自动刷新。",
    },
    "line": {"en": "line {line}", "zh": "第 {line} 行"},
}

say = sayer(WORDS)
