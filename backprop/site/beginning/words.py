"""Words of the new files: one row a phrase, a column a language."""

from __future__ import annotations

from backprop.common.words import sayer

WORDS: dict[str, dict[str, str]] = {
    "name": {"zh": "笔记", "en": "Notes", "de": "Notizen", "ja": "ノート"},
    "posts": {"zh": "文章", "en": "Posts", "de": "Beiträge", "ja": "記事"},
    "tags": {"zh": "标签", "en": "Tags", "de": "Schlagwörter", "ja": "タグ"},
    "about": {"zh": "关于", "en": "About", "de": "Über", "ja": "このブログについて"},
    "title": {
        "zh": "标题",
        "en": "The title",
        "de": "Der Titel",
        "ja": "題名",
    },
    "summary": {
        "zh": "下一行以上的文字会显示在文章列表里。",
        "en": "What stands above the next line is shown in the list of posts.",
        "de": "Was über der nächsten Zeile steht, erscheint in der Liste der Beiträge.",
        "ja": "次の行より上の文章が記事の一覧に表示されます。",
    },
    "category": {
        "zh": "反向传播",
        "en": "Backpropagation",
        "de": "Backpropagation",
        "ja": "誤差逆伝播法",
    },
}

say = sayer(WORDS)
