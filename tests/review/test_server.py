"""Only the page that the link opened may ask anything; no text of a record becomes part of the page."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aha.review.decisions import Decision, open_review
from aha.review.page import page
from aha.review.server import HOST, MAX_BODY_BYTES, Desk, ReviewServer
from aha.text.response import Response
from tests.review.browser import Browser
from tests.review.conftest import HOSTILE


@pytest.fixture
def desk(rows_file: Path) -> Iterator[Desk]:
    told: list[str] = []
    desk = Desk(open_review(rows_file), told.append)
    with ReviewServer(desk) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield desk
        server.shutdown()
        thread.join()
    assert not [text for text in told if text.startswith("error")]


def _ask(
    desk: Desk, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, Any, http.client.HTTPMessage]:
    """A request as the page makes it, but for the headers given (an empty one is left out)."""
    sent = {
        "Host": desk.address[7:],
        "Origin": desk.address,
        "Content-Type": "application/json",
        "X-Review-Key": desk.key,
    }
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(desk.address[7:], timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    data = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    for name, value in ({"Content-Length": str(len(data))} | sent).items():
        if value:
            connection.putheader(name, value)
    connection.endheaders(data if method == "POST" else None)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return (
        reply.status,
        json.loads(text) if reply.headers["Content-Type"] == "application/json" else text.decode(),
        reply.headers,
    )


def test_it_listens_on_this_machine_alone(desk: Desk) -> None:
    assert desk.address.startswith(f"http://{HOST}:")
    assert HOST == "127.0.0.1"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", int(desk.address.rpartition(":")[2])), timeout=2)


def test_the_page_holds_no_record_and_may_load_nothing(desk: Desk) -> None:
    status, text, headers = _ask(desk, "GET", "/")
    assert status == 200
    assert "1 and 1" not in text
    assert desk.key not in text
    assert desk.token not in text
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert not re.search(r"https?://|\bsrc=|\bhref=|innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(", text)
    assert _ask(desk, "GET", "/cold.jsonl")[0] == 404


def test_a_file_s_name_is_inert() -> None:
    assert "<img" not in page("<img src=x>\u202e.jsonl")[0]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X_Review_Key": ""}, 403),
        ({"X_Review_Key": "guess\u00e9"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Host": "localhost"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Length": ""}, 400),
        ({"Content_Length": "-1"}, 400),
        ({"Content_Length": str(MAX_BODY_BYTES + 1)}, 400),
    ],
)
def test_who_may_decide(desk: Desk, headers: dict[str, str], status: int) -> None:
    found = _ask(desk, "POST", "/decide", {"id": "one", "do": "accept"}, **headers)
    assert found[0] == status
    assert (desk.review.decision("one") == Decision("accepted")) == (status == 200)
    assert status == 200 or found[1]["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 403), ({"Sec_Fetch_Site": "cross-site"}, 403), ({"Origin": ""}, 200)],
)
def test_who_may_see_the_page(desk: Desk, headers: dict[str, str], status: int) -> None:
    assert _ask(desk, "GET", "/", **headers)[0] == status


def test_the_link_works_once(rows_file: Path) -> None:
    told: list[str] = []
    desk = Desk(open_review(rows_file), told.append)
    link = desk.token
    assert desk.trade(link) == {"key": desk.key}
    for token, words in ((link, "used before"), ("guess", "not the link"), ("\ud800", "not the link")):
        with pytest.raises(Exception, match=words):
            desk.trade(token)
    assert told == [f"The link was used before. A new one: {desk.link}"]
    assert desk.trade(desk.token) == {"key": desk.key}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/decide", {"id": "nobody", "do": "accept"}),
        ("/decide", {"id": "one", "do": "delete"}),
        ("/decide", {"id": "one", "do": "rank", "rank": True}),
        ("/decide", {"id": "one", "do": "rank", "rank": "1"}),
        ("/decide", {"id": "one", "do": "edit", "summary": ""}),
        ("/problem", {"index": 3}),
        ("/problem", {"index": "0"}),
        ("/nothing", {}),
        ("/session", {"token": "guess"}),
        ("/decide", b"[" * 100_000),
        ("/decide", b"[1]"),
    ],
)
def test_a_call_that_is_none_is_refused_with_a_reason(desk: Desk, path: str, body: Any) -> None:
    status, reply, _ = _ask(desk, "POST", path, body)
    assert status == 400
    assert reply["error"]
    assert not desk.review.journal.exists()


def test_calls_give_everything_as_plain_values(desk: Desk) -> None:
    overview = _ask(desk, "POST", "/overview")[1]
    assert [len(each["records"]) for each in overview["problems"]] == [1, 1, 3]
    assert [each["row"] for each in overview["unread"]] == [6, 8]
    problem = _ask(desk, "POST", "/problem", {"index": 1})[1]
    assert HOSTILE in problem["prompt"][0]["content"]
    assert problem["records"][0]["facts"]["category"] == HOSTILE
    found = _ask(desk, "POST", "/decide", {"id": "a3", "do": "edit", "thought": "T", "summary": "S"})[1]
    assert found["record"]["edited"] == {"thought": "T", "summary": "S"}
    assert found["counts"]["edited"] == 1
    assert _ask(desk, "POST", "/decide", {"id": "a3", "do": "rank", "rank": 2})[1]["record"]["rank"] == 2
    assert _ask(desk, "POST", "/decide", {"id": "a3", "do": "rank", "rank": None})[1]["record"]["rank"] is None
    for _ in range(3):
        assert _ask(desk, "POST", "/undo")[1]["record"]["id"] == "a3"
    assert _ask(desk, "POST", "/undo")[1]["record"] is None


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_review_by_keyboard_alone(desk: Desk, tmp_path: Path) -> None:
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(desk.link)
        browser.wait("document.querySelectorAll('.record').length === 1")
        assert desk.key not in browser.value("location.href + document.documentElement.outerHTML")
        browser.press("a")
        browser.wait("document.querySelector('.question .text').textContent.startsWith('Why?')")
        text = browser.value("document.querySelector('#main').textContent")
        assert text.count("<script>document.title='pwned'</script>") == 4
        assert browser.value("[document.title, document.querySelectorAll('img, a, script').length].join()") == (
            "Review of cold.jsonl · aha,1"
        )
        browser.press("s")
        browser.value("document.activeElement.select()")
        browser.type("Because of that.")
        browser.press("Enter", ctrl=True)
        browser.wait("document.querySelectorAll('.chip.edited').length === 1")
        browser.press("o")
        browser.wait("document.querySelectorAll('.record').length === 3")
        for key in "1j3r":
            browser.press(key)
            browser.wait("!document.hidden && document.querySelector('#saved').textContent !== ''")
        browser.wait("document.querySelectorAll('.record.rejected').length === 1")
        for key in "k5t":  # at once: the editor opens on the answer that the rank was for
            browser.press(key)
        browser.wait("document.activeElement.tagName === 'TEXTAREA'")
        browser.type("Two and three.")
        browser.press("Enter", ctrl=True)
        for key in "0jt":
            browser.press(key)
        browser.wait("document.querySelectorAll('.record')[0].querySelector('textarea') === document.activeElement")
        browser.type("never saved")
        browser.press("Escape")
        assert desk.review.decision("a3") == Decision("edited", None, Response("Two and three.", "5"))
        for key in "uuuu":
            browser.press(key)
        browser.wait("document.querySelectorAll('.record.rejected').length === 0")
        browser.open(desk.address)
        browser.wait("document.querySelector('#counts')?.textContent.startsWith('2 of 5 decided')")
    finally:
        browser.close()
    found = desk.review.decisions
    assert found["one"] == Decision("accepted")
    assert found["bad"] == Decision("edited", None, Response(f"Because.{HOSTILE}", "Because of that."))
    assert (found["a1"], found["a2"], found["a3"]) == (Decision(None, 1), Decision(None, 3), Decision())
