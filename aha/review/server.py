"""The review's page, served on this machine alone, and the few calls behind it.

The page itself holds no record. Its script trades the link's one-time token for a key, and every call carries that key;
both, and Host and Origin, are checked, so that neither another site in the same browser nor another user of the machine
reads or decides anything.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from aha.errors import AhaError, UsageError
from aha.review import views
from aha.review.decisions import Review
from aha.review.page import page
from aha.types import Json

HOST = "127.0.0.1"
MAX_BODY_BYTES = 8_000_000
IDLE_SECONDS = 20.0
"""A connection that says nothing for so long is closed."""
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Tell = Callable[[str], None]


@dataclass(slots=True)
class Desk:
    """A review that is open to one browser."""

    review: Review
    tell: Tell
    address: str = ""
    """http://127.0.0.1:PORT"""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """In the link; taken once."""
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    """In every call."""
    lock: Lock = field(default_factory=Lock)
    _used: set[str] = field(default_factory=set)

    @property
    def link(self) -> str:
        """What a person opens. The token stands behind `#`, which browsers never send."""
        return f"{self.address}/#{self.token}"

    def trade(self, token: str) -> Json:
        """The key for the one-time token. Raises UsageError; a link that was used tells a new one in the terminal."""
        with self.lock:
            if _same(token, self.token):
                self._used.add(self.token)
                self.token = secrets.token_urlsafe(32)
                return {"key": self.key}
            if token in self._used:
                self.tell(f"The link was used before. A new one: {self.link}")
                raise UsageError("This link was used before.", cure="The terminal shows a new one.")
        raise UsageError("This is not the link of the running review.", cure="The terminal shows the right one.")

    def call(self, name: str, body: dict[str, Json]) -> Json:
        """Answer a call of the page. Raises UsageError for one that is none."""
        with self.lock:
            if name not in views.CALLS:
                raise UsageError(f"There is no call {name!r}.")
            return views.CALLS[name](self.review, body)


class ReviewServer(ThreadingHTTPServer):
    """Listens on a free port of this machine."""

    daemon_threads = True

    def __init__(self, desk: Desk) -> None:
        super().__init__((HOST, 0), PageCalls)
        self.desk = desk
        desk.address = f"http://{HOST}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no news; all else is."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.desk.tell(f"error: {type(error).__name__}: {error}")


class PageCalls(BaseHTTPRequestHandler):
    """GET / is the page; everything else is a POST with the key."""

    server: ReviewServer
    server_version, sys_version = "aha", ""
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        """The page, without any record."""
        if not self._is_ours():
            self._refuse(403, "Only the review's own page may ask.")
        elif self.path != "/":
            self._refuse(404, "There is only /.")
        else:
            text, policy = page(self.server.desk.review.path.name)
            self._send(200, text.encode(), "text/html; charset=utf-8", policy)

    def do_POST(self) -> None:
        """A call of the page's script."""
        desk, origin = self.server.desk, self.headers.get("Origin")
        if not self._is_ours() or origin != desk.address:
            return self._refuse(403, "Only the review's own page may ask.")
        if self.headers.get("Content-Type") != "application/json":
            return self._refuse(415, "A call is JSON.")
        body = self._body()
        if body is None:
            return self._refuse(400, "The call holds no JSON object, or is too long.")
        try:
            if self.path == "/session":
                return self._answer(desk.trade(str(body.get("token"))))
            if not _same(self.headers.get("X-Review-Key") or "", desk.key):
                return self._refuse(403, "The key is missing or wrong.")
            return self._answer(desk.call(self.path.removeprefix("/"), body))
        except UsageError as error:
            return self._refuse(400, str(error))
        except AhaError as error:
            desk.tell(f"error: {error}")
            return self._refuse(500, str(error))

    def _is_ours(self) -> bool:
        """Asked for under our own address (no foreign name that points here), and not by another site."""
        host = self.headers.get("Host") == self.server.desk.address.removeprefix("http://")
        return host and self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY_BYTES:
            return None
        try:
            value = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def _answer(self, value: Json) -> None:
        self._send(200, json.dumps(value).encode(), "application/json")

    def _refuse(self, status: int, why: str) -> None:
        self._send(status, json.dumps({"error": why}).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, policy: str = "default-src 'none'") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", f"{policy}; frame-ancestors 'none'")
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the terminal belongs to the person."""


def _same(given: str, secret: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), secret.encode())
