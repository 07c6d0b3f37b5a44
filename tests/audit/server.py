"""A static server that behaves like a content delivery network.

It compresses text, sets validators and cache headers, keeps connections alive, serves the site
below any prefix (a project page's sub-path), answers what is missing with the site's own
404 page, and refuses to leave the folder. It also counts what it sent.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import brotli

COMPRESSED = re.compile(r"text/|application/(json|javascript|xml|rss\+xml|feed\+json)|image/svg")
FINGERPRINT = re.compile(r"\.[0-9a-f]{8,}\.")
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}


@dataclass(frozen=True)
class Answer:
    """One answer that was sent: ``size`` in bytes as transferred, headers included."""

    path: str
    status: int
    size: int


@dataclass(frozen=True)
class Served:
    """A running server: ``url`` is the address of the site's root, with a slash at its end."""

    url: str
    folder: Path
    sent: list[Answer] = field(default_factory=list)

    def address(self, path: str) -> str:
        return self.url + path


@dataclass(frozen=True)
class Held:
    """What of a page waits: all from ``before`` on, until it is ``released``."""

    before: bytes
    released: threading.Event = field(default_factory=threading.Event)


@lru_cache(maxsize=512)
def _encoded(file: Path, stamp: int, coding: str) -> bytes:
    data = file.read_bytes()
    if coding == "br":
        return brotli.compress(data, quality=9)
    if coding == "gzip":
        return gzip.compress(data, 9, mtime=0)
    return data


def _content_type(file: Path) -> str:
    kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    kind = kind or "application/octet-stream"
    return f"{kind}; charset=utf-8" if COMPRESSED.match(kind) else kind


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    prefix: str
    sent: list[Answer]
    held: Held | None

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if not path.startswith(self.prefix):
            self._send(404, None)
            return
        file = (self.folder / path.removeprefix(self.prefix)).resolve()
        if not file.is_relative_to(self.folder):
            self._send(404, None)
        elif file.is_dir() and not path.endswith("/"):
            self.send_response(301)
            self.send_header("Location", urlsplit(self.path).path + "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            file = file / "index.html" if file.is_dir() else file
            self._send(200, file) if file.is_file() else self._send(404, self._missing(path))

    do_HEAD = do_GET  # noqa: N815

    def _missing(self, path: str) -> Path | None:
        """The nearest 404 page upwards: a language's own, or the site's."""
        at = (self.folder / path.removeprefix(self.prefix)).resolve()
        for parent in at.parents:
            if not parent.is_relative_to(self.folder):
                break
            if (parent / "404.html").is_file():
                return parent / "404.html"
        return None

    def _send(self, status: int, file: Path | None) -> None:
        data, coding, kind, stamp = b"", "", "text/plain", 0
        if file:
            kind, stamp = _content_type(file), file.stat().st_mtime_ns
            accepted = self.headers.get("Accept-Encoding", "")
            if COMPRESSED.match(kind) and not self.held:
                coding = "br" if "br" in accepted else "gzip" if "gzip" in accepted else ""
            data = _encoded(file, stamp, coding)
        tag = f'"{hashlib.sha1(data).hexdigest()[:16]}"'
        if status == 200 and self.headers.get("If-None-Match") == tag:
            status, data = 304, b""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", tag)
        self.send_header("Vary", "Accept-Encoding")
        lasting = file is not None and FINGERPRINT.search(file.name)
        age = "31536000, immutable" if lasting else "600"
        self.send_header("Cache-Control", f"public, max-age={age}")
        if coding:
            self.send_header("Content-Encoding", coding)
        headers = sum(map(len, self._headers_buffer))  # type: ignore[attr-defined]
        self.sent.append(Answer(self.path, status, headers + len(data)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.held and kind.startswith("text/html"):
            first, before, data = data.partition(self.held.before)
            self.wfile.write(first)
            self.held.released.wait(60)
            data = before + data
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection early is no fault of the site."""


@contextmanager
def serve(folder: Path | str, prefix: str = "/", held: Held | None = None) -> Iterator[Served]:
    """Serve ``folder`` below ``prefix`` on a free local port while the context lasts."""
    folder = Path(folder).resolve()
    prefix = "/" + prefix.strip("/") + "/" if prefix.strip("/") else "/"
    sent: list[Answer] = []
    own = {"folder": folder, "prefix": prefix, "sent": sent, "held": held}
    handler = type("Handler", (_Handler,), own)
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}{prefix}", folder, sent)
    finally:
        server.shutdown()
        server.server_close()
