"""A local server that answers as a test says, for the API model."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aha.types import Json

Reply = tuple[int, dict[str, str], bytes]
Answer = Callable[[int, str, Json], Reply]
"""(number of the call, path, body) → status, headers, body."""


class Server(ThreadingHTTPServer):
    """Answers as `answer` says and remembers what it was asked."""

    daemon_threads = True
    answer: Answer
    slow_seconds = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, Json, dict[str, str]]] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        with self.server.lock:
            number = len(self.server.seen)
            self.server.seen.append((self.path, body, dict(self.headers)))
        status, headers, data = self.server.answer(number, self.path, body)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the client has left
            for byte in data if self.server.slow_seconds else ():
                time.sleep(self.server.slow_seconds)
                self.wfile.write(bytes([byte]))
            if not self.server.slow_seconds:
                self.wfile.write(data)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: Any) -> None:
        return


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """A server on a free port of this machine."""
    found = Server()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.shutdown()
        found.server_close()
        thread.join()


def chat(text: str, reason: str | None = "stop", **message: str) -> bytes:
    choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": reason}
    return json.dumps({"choices": [choice], "usage": {"completion_tokens": 5}}).encode()


def ok(data: bytes) -> Reply:
    return 200, {}, data
