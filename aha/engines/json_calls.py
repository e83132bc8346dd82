"""One HTTP call with JSON in and out: what is worth another try, what is not, and a key that is never shown."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from aha.errors import MachineError, UsageError
from aha.types import Json

KEY_VARIABLES = ("AHA_API_KEY", "OPENAI_API_KEY")
MAX_REPLY_BYTES = 64 << 20
_RETRY_STATUSES = frozenset({408, 409, 425, 429})
_FATAL_STATUSES = frozenset({401, 403, 404})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MAX_WAIT_SECONDS = 120.0


class RetryError(Exception):
    """Worth another try; `after_seconds` where the server says when."""

    def __init__(self, problem: str, after_seconds: float | None = None) -> None:
        super().__init__(problem)
        self.after_seconds = after_seconds


class RefusedError(Exception):
    """The server does not take this request, now or later."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Following a redirect would hand the key to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


def call(url: str, body: dict[str, Json] | None, timeout_seconds: float) -> Json:
    """POST `body` (None: GET) and return the JSON that comes back.

    Raises RetryError (time-out, lost connection, half an answer, 429, 5xx), RefusedError (any other status), and
    MachineError where nothing at this address will ever be answered: 401, 403, 404.
    """
    key = _key()
    headers = {"Content-Type": "application/json", "User-Agent": "aha"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if urlsplit(url).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + timeout_seconds
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=timeout_seconds) as response:
            return json.loads(_read(response, deadline))
    except urllib.error.HTTPError as error:
        with error:
            raise _status_error(error, url, key) from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise RetryError(f"{type(reason).__name__}: {reason}") from None
    except ValueError as error:
        raise RetryError(f"half an answer: the server's JSON cannot be read ({error})") from None


def shown(url: str) -> str:
    """The address without user, password, query or fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _key() -> str | None:
    for name in KEY_VARIABLES:
        key = os.environ.get(name, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise UsageError(f"{name} holds characters that no key has.", cure="Set it again, without line breaks.")
        if key:
            return key
    return None


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The body, within the deadline (a server that drips would reset a socket's own time limit) and a size limit."""
    parts: list[bytes] = []
    num_bytes = 0
    while part := response.read1(1 << 16):
        parts.append(part)
        num_bytes += len(part)
        if num_bytes > MAX_REPLY_BYTES:
            raise RefusedError(f"the answer is longer than {MAX_REPLY_BYTES} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer did not end in time")
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _status_error(error: urllib.error.HTTPError, url: str, key: str | None) -> Exception:
    try:
        said = " ".join(error.read(2000).decode(errors="replace").split())[:300]
    except (OSError, http.client.HTTPException):
        said = ""  # the status says enough
    said = said.replace(key, "…") if key else said
    problem = f"HTTP {error.code}, {said or error.reason}"
    if error.code in _FATAL_STATUSES:
        key_cure = f"Set the key in {' or '.join(KEY_VARIABLES)}."
        cure = "Check address and model name." if error.code == 404 else key_cure
        return MachineError(f"{shown(url)} refuses: {problem}.", cure=cure)
    if error.code in _RETRY_STATUSES or error.code >= 500:
        return RetryError(problem, _after_seconds(error.headers.get("Retry-After")))
    return RefusedError(problem)


def _after_seconds(header: str | None) -> float | None:
    """Retry-After in seconds, at most two minutes; its date form is left to the back-off."""
    return min(_MAX_WAIT_SECONDS, float(header)) if header and header.strip().isdecimal() else None
