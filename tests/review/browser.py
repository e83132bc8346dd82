"""Chromium without a window, driven through its debugging pipe: open a page, press keys, read values."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)


class Browser:
    """One page of one browser."""

    def __init__(self, profile: Path) -> None:
        to_child, from_child = os.pipe(), os.pipe()
        pipes = f"exec 3<&{to_child[0]} 4>&{from_child[1]}"  # the browser reads from 3 and writes to 4
        command = f'{pipes}; exec chromium {" ".join(FLAGS)} "--user-data-dir=$0" about:blank'
        self.process = subprocess.Popen(
            ["bash", "-c", command, str(profile)],
            pass_fds=(to_child[0], from_child[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child[0])
        os.close(from_child[1])
        self.out, self.into = os.fdopen(to_child[1], "wb"), os.fdopen(from_child[0], "rb")
        self.buffer, self.number, self.session = b"", 0, ""
        pages = [each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page"]
        self.session = self.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]

    def call(self, method: str, **params: Any) -> Any:
        """One command and its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        self.out.write(json.dumps(message | ({"sessionId": self.session} if self.session else {})).encode() + b"\0")
        self.out.flush()
        while True:
            reply = json.loads(self._message())
            if reply.get("id") == self.number:
                assert "error" not in reply, reply
                return reply["result"]

    def _message(self) -> bytes:
        while b"\0" not in self.buffer:
            found = self.into.read1(1 << 16)
            assert found, "the browser ended"
            self.buffer += found
        message, _, self.buffer = self.buffer.partition(b"\0")
        return message

    def open(self, address: str) -> None:
        """Go to a page."""
        self.call("Page.navigate", url=address)

    def value(self, expression: str) -> Any:
        """What an expression gives in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def wait(self, expression: str, seconds: float = 60) -> None:
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < end, f"{expression} stayed false: {self.value('document.body.innerText')}"
            time.sleep(0.05)

    def press(self, key: str, ctrl: bool = False) -> None:
        """Press and release a key."""
        text = {} if ctrl or len(key) > 1 else {"text": key}
        code = {"Enter": 13, "Escape": 27}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                modifiers=2 if ctrl else 0,
                windowsVirtualKeyCode=code,
                **(text if kind == "keyDown" else {}),
            )

    def type(self, text: str) -> None:
        """Put text where the cursor stands."""
        self.call("Input.insertText", text=text)

    def close(self) -> None:
        """End the browser that was started here."""
        self.process.terminate()
        self.process.wait(timeout=20)
        self.out.close()
        self.into.close()
