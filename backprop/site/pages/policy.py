"""A Content-Security-Policy for pages that any static host can serve.

The policy stands in a ``<meta>`` of the page. Scripts and styles that stand in the page itself
are allowed by their hash. All pages of one build carry the same policy, made from all of them:
with instant navigation a page arrives in a document whose policy is already in force. Only a page
that runs code for its reader (`backprop/interactive`) may compile it, in a worker that the page
makes; reached by instant navigation, it is loaded anew before it does.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import urlsplit

_BLOCK = re.compile(r"<(script|style)\b([^>]*)>(.*?)</\1\s*>", re.DOTALL | re.IGNORECASE)
_TYPE = re.compile(r"""\btype\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_SRC = re.compile(r"\bsrc\s*=", re.IGNORECASE)
_JAVASCRIPT = {"", "module", "text/javascript", "application/javascript", "importmap"}
_TAG = re.compile(r"<[a-zA-Z][^\s>/]*(?:\s[^>]*)?>")
_STYLE = re.compile(r"\sstyle\s*=", re.IGNORECASE)
_HANDLER = re.compile(r"""\s(on[a-z]{3,})\s*=\s*["']?[^"'\s>]""", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")

# What makes a browser fetch something at once; a link to click on does not.
_FETCHED = re.compile(
    r"""<(img|script|iframe|source|video|audio|embed|link|use|image|input|track)\b([^>]*)>""",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"""\s(?:src|poster|xlink:href|href)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE
)
_SET = re.compile(r"""\ssrcset\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_REL = re.compile(r"""\brel\s*=\s*["']?([^"'>]+)""", re.IGNORECASE)
_LOADING = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "manifest"}
_LOADING |= {"dns-prefetch", "apple-touch-icon", "shortcut"}


# The attribute of the element that offers to run the page's code.
RUNS_CODE = "<div data-bp-engine="

# A diagram that Mermaid draws in the page; the style that it writes is another for each.
DIAGRAM = re.compile(r"""<(?:pre|div)\b[^>]*\bclass\s*=\s*["']?mermaid\b""")

# What Material's pages load for a font that is named in mkdocs.yml.
FONTS = ("https://fonts.googleapis.com", "https://fonts.gstatic.com")


class Policy:
    """Collects what the pages of a build contain, and says what they may do.

    ``hosts`` are origins such as ``https://media.example.org`` that the author allows on purpose.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self.hosts = sorted(hosts)
        self._scripts: set[str] = set()
        self._styles: set[str] = set()
        self._style_attributes = False
        self._diagrams = False

    def read(self, html: str) -> None:
        for name, attributes, text in _BLOCK.findall(html):
            if name.lower() == "style":
                self._styles.add(_hash(text))
            elif not _SRC.search(attributes):
                found = _TYPE.search(attributes)
                if (found.group(1).lower() if found else "") in _JAVASCRIPT:
                    self._scripts.add(_hash(text))
        self._diagrams = self._diagrams or bool(DIAGRAM.search(html))
        if not self._style_attributes:
            self._style_attributes = any(
                _STYLE.search(_QUOTED.sub("", tag)) for tag in _TAG.findall(html)
            )

    def __str__(self) -> str:
        return self.rules()

    def rules(self, runs_code: bool = False) -> str:
        """The policy; `runs_code` that of a page that holds an engine to run code."""
        own = " ".join(["'self'", *self.hosts])
        compiles, makes = ("'wasm-unsafe-eval' ", " blob:") if runs_code else ("", "")
        # A browser that knows hashes takes no other style than these.
        styles = ["'unsafe-inline'"] if self._diagrams else sorted(self._styles)
        by_attribute = self._style_attributes or self._diagrams
        rules = {
            "default-src": "'none'",
            "script-src": compiles + " ".join([own, *sorted(self._scripts)]),
            "style-src": " ".join([own, *styles]),
            # What MathJax and code highlighters write; it can neither load nor run anything.
            "style-src-attr": "'unsafe-inline'" if by_attribute else "'none'",
            "img-src": f"{own} data:",
            "font-src": f"{own} data:",
            "media-src": own,
            "connect-src": own,
            "worker-src": own + makes,
            "manifest-src": own,
            "frame-src": " ".join(self.hosts) or "'none'",
            "form-action": "'self'",
            "base-uri": "'none'",
        }
        return "; ".join(f"{name} {value}" for name, value in rules.items())

    def meta(self, html: str) -> str:
        """The element that gives a page its policy."""
        rules = self.rules(runs_code=RUNS_CODE in html)
        return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _hash(text: str) -> str:
    # A browser hashes the text as it has parsed it: with plain newlines.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def handlers(html: str) -> list[str]:
    """Event handlers written as attributes (``onclick="…"``), which the policy does not let run."""
    if not _HANDLER.search(html):  # as in nearly all pages, and found out ten times as fast
        return []
    html = _BLOCK.sub("", html)
    return sorted(
        {
            name
            for tag in _TAG.findall(html)
            for name in _HANDLER.findall(_QUOTED.sub(lambda m: m.group()[:2] + '"', tag))
        }
    )


def foreign(html: str, own: Iterable[str] = ()) -> list[str]:
    """Addresses on other hosts that a browser would fetch when it shows the page.

    ``own`` are the hosts that are no other: that of the site, and those the author allows.
    """
    own = set(own)
    found: dict[str, None] = {}
    html = re.sub(r"(<script\b[^>]*>).*?(?=</script)", r"\1", html, flags=re.DOTALL | re.IGNORECASE)
    for name, attributes in _FETCHED.findall(html):
        if name.lower() == "link":
            rel = _REL.search(attributes)
            if not rel or not _LOADING & set(rel.group(1).lower().split()):
                continue
        addresses = ["".join(groups) for groups in _ADDRESS.findall(attributes)]
        for groups in _SET.findall(attributes):
            addresses += [part.split()[0] for part in "".join(groups).split(",") if part.split()]
        for address in addresses:
            address = unescape(address.strip())
            parts = urlsplit(address)
            if parts.netloc and parts.scheme in ("", "http", "https") and parts.netloc not in own:
                found[address] = None
    return list(found)
