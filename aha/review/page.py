"""The page of a review as one HTML text, under a policy that lets nothing but its own script and style run or load."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from importlib import resources

SCRIPTS = ("page.js", "keys.js")


def page(title: str) -> tuple[str, str]:
    """The HTML and its content security policy. `title` is all of the file that it holds."""
    style, script = _asset("page.css"), "\n".join(_asset(name) for name in SCRIPTS)
    parts = {"title": html.escape(re.sub(r"[^\x20-\x7e]", "?", title)), "style": style, "script": script}
    policy = (
        "default-src 'none'",
        f"script-src '{_digest(script)}'",
        f"style-src '{_digest(style)}'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("page.html")), "; ".join(policy)


def _asset(name: str) -> str:
    return resources.files("aha.review").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
