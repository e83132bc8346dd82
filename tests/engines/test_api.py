"""The API model against a local server that refuses, stalls, breaks off and answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aha.engines.api import ApiModel, is_endpoint, open_endpoint, read_reply
from aha.engines.json_calls import RefusedError, RetryError, call, shown
from aha.engines.words import WordsReply, WordsRequest
from aha.errors import MachineError, UsageError
from aha.types import Json
from tests.engines.api_server import Reply, Server, chat, ok, running_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("AHA_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with running_server() as found:
        yield found


def model(server: Server, **more: Any) -> ApiModel:
    facts = {"first_pause_seconds": 0.001, "timeout_seconds": 5.0, "num_tries": 4, **more}
    return ApiModel(server.url, "small", **facts)


def request(prompt: str | None = None, seed: int = 2**63 + 5) -> WordsRequest:
    return WordsRequest([{"role": "user", "content": "1+1?"}], prompt, seed, 32, 0.6, 0.95)


def ask(api: ApiModel, *requests: WordsRequest) -> list[WordsReply]:
    return [reply for _, reply in sorted(api.ask_all(requests or [request()]), key=lambda found: found[0])]


def test_chat_request_and_reply(server: Server) -> None:
    server.answer = lambda number, path, body: ok(chat("2"))
    assert ask(model(server)) == [WordsReply("2", 5, "stop")]
    path, body, headers = server.seen[0]
    assert path == "/v1/chat/completions"
    assert body == {
        "model": "small",
        "messages": [{"role": "user", "content": "1+1?"}],
        "seed": 5,
        "max_tokens": 32,
        "temperature": 0.6,
        "top_p": 0.95,
    }
    assert "Authorization" not in headers


def test_text_goes_to_completions(server: Server) -> None:
    choice = {"text": " 2", "finish_reason": "length"}
    data = json.dumps({"choices": [choice], "usage": {"completion_tokens": 1}}).encode()
    server.answer = lambda number, path, body: ok(data)
    assert ask(model(server), request("1+1=")) == [WordsReply(" 2", 1, "length")]
    assert server.seen[0][0] == "/v1/completions"
    assert server.seen[0][1]["prompt"] == "1+1="
    assert "messages" not in server.seen[0][1]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_that_comes_apart_goes_into_think_tags(field: str) -> None:
    found = read_reply(json.loads(chat("<answer>2</answer>", **{field: "1 and 1\n"})))
    assert found.text == "<think>\n1 and 1\n</think>\n<answer>2</answer>"


def test_a_refusal_is_an_answer() -> None:
    answer = json.loads(chat("", reason="content_filter"))
    answer["choices"][0]["message"] = {"content": None, "refusal": "I cannot help."}
    assert read_reply(answer) == WordsReply("I cannot help.", 5, "stop")


def test_tool_calls_are_a_finish_of_their_own() -> None:
    assert read_reply(json.loads(chat("", reason="tool_calls"))).finish == "tool"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"choices": []},
        {"choices": [{"message": {"content": "2"}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"content": "2"}, "finish_reason": None}], "usage": {"completion_tokens": 1}},
        {"choices": [{"message": None, "finish_reason": "stop"}], "usage": {"completion_tokens": 1}},
        {"choices": [{"text": 7, "finish_reason": "stop"}], "usage": {"completion_tokens": 1}},
        {"choices": [{"text": "2", "finish_reason": "stop"}], "usage": None},
    ],
)
def test_half_answers_are_worth_another_try(answer: Json) -> None:
    with pytest.raises(RetryError, match="half an answer"):
        read_reply(answer)


@pytest.mark.parametrize(
    "first",
    [
        (429, {}, b"slow down"),
        (503, {}, b""),
        (200, {}, b'{"choices": [{'),
        (200, {"Content-Length": "4000"}, b'{"choices": ['),
        (200, {}, b"\xff\xfe"),
        (200, {}, chat("", reason=None)),
        (429, {"Retry-After": "0"}, b"slow down"),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"slow down"),
    ],
)
def test_trouble_that_passes_is_tried_again(server: Server, first: Reply) -> None:
    server.answer = lambda number, path, body: first if number < 2 else ok(chat("2"))
    assert ask(model(server)) == [WordsReply("2", 5, "stop")]
    assert len(server.seen) == 3
    assert server.seen[0][1] == server.seen[2][1]


def test_the_wait_that_the_server_names_is_kept(server: Server) -> None:
    server.answer = lambda number, path, body: (429, {"Retry-After": "1"}, b"") if not number else ok(chat("2"))
    start = time.monotonic()
    ask(model(server))
    assert time.monotonic() - start >= 1.0


def test_a_server_that_drips_is_left_in_time(server: Server) -> None:
    server.slow_seconds = 0.05
    server.answer = lambda number, path, body: ok(chat("2"))
    start = time.monotonic()
    with pytest.raises(MachineError, match="gave no answer: TimeoutError"):
        ask(model(server, timeout_seconds=0.2, num_tries=2))
    assert time.monotonic() - start < 3.0


def test_a_server_that_is_silent_is_left_in_time(server: Server) -> None:
    def silent(number: int, path: str, body: Json) -> Reply:
        time.sleep(1.0)
        return ok(chat("2"))

    server.answer = silent
    with pytest.raises(MachineError, match="timed out"):
        ask(model(server, timeout_seconds=0.1, num_tries=2))


def test_nobody_there(server: Server) -> None:
    with pytest.raises(MachineError, match=r"http://127\.0\.0\.1:1/v1 gave no answer: ConnectionRefusedError"):
        ask(ApiModel("http://127.0.0.1:1/v1", "small", num_tries=2, first_pause_seconds=0.001))


def test_an_answer_lost_among_others_is_aborted_and_says_why(server: Server) -> None:
    server.answer = lambda number, path, body: (400, {}, b"too long") if body["seed"] == 1 else ok(chat("2"))
    found = ask(model(server, num_parallel=1), request(seed=0), request(seed=1), request(seed=2))
    assert [reply.finish for reply in found] == ["stop", "aborted", "stop"]
    assert found[1] == WordsReply("", 0, "aborted", "HTTP 400, too long")


def test_one_question_that_is_refused_first_ends_nothing(server: Server) -> None:
    def late(number: int, path: str, body: Json) -> Reply:
        if body["seed"] == 0:
            return 400, {}, b"too long"
        time.sleep(0.2)
        return ok(chat("2"))

    server.answer = late
    found = ask(model(server, num_parallel=2), *[request(seed=i) for i in range(4)])
    assert [reply.finish for reply in found] == ["aborted", "stop", "stop", "stop"]


def test_a_server_that_refuses_all_that_is_asked_at_once_ends_it(server: Server) -> None:
    server.answer = lambda number, path, body: (400, {}, b"too long")
    with pytest.raises(MachineError, match="gave no answer: HTTP 400, too long"):
        ask(model(server, num_parallel=3), *[request(seed=i) for i in range(30)])
    assert len(server.seen) <= 6


def test_a_server_that_stops_answering_ends_it(server: Server) -> None:
    server.answer = lambda number, path, body: ok(chat("2")) if not number else (500, {}, b"broken")
    with pytest.raises(MachineError, match="stopped answering: HTTP 500, broken"):
        ask(model(server, num_parallel=1, num_tries=1), *[request(seed=i) for i in range(10)])
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("status", "cure"), [(401, "AHA_API_KEY or OPENAI_API_KEY"), (403, "AHA_API_KEY"), (404, "address and model name")]
)
def test_what_can_never_succeed_is_told_at_once(server: Server, status: int, cure: str) -> None:
    server.answer = lambda number, path, body: (status, {}, b"no")
    with pytest.raises(MachineError, match=f"refuses: HTTP {status}, no.*{cure}"):
        ask(model(server))
    assert len(server.seen) == 1


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.answer = lambda number, path, body: (302, {"Location": server.url + "/elsewhere"}, b"")
    with pytest.raises(MachineError, match="HTTP 302"):
        ask(model(server))
    assert len(server.seen) == 1


def test_the_newer_name_of_the_limit_is_used_where_the_server_asks_for_it(server: Server) -> None:
    refusal = b"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server.answer = lambda number, path, body: (400, {}, refusal) if "max_tokens" in body else ok(chat("2"))
    assert [reply.text for reply in ask(model(server, num_parallel=1), request(), request())] == ["2", "2"]
    assert ["max_tokens" in body for _, body, _ in server.seen] == [True, False, False]


def test_all_requests_are_answered_in_parallel(server: Server) -> None:
    def slow(number: int, path: str, body: Json) -> Reply:
        time.sleep(0.1)
        return ok(chat(str(body["seed"])))

    server.answer = slow
    start = time.monotonic()
    found = ask(model(server, num_parallel=8), *[request(seed=i) for i in range(16)])
    assert [reply.text for reply in found] == [str(i) for i in range(16)]
    assert time.monotonic() - start < 1.2


def test_what_was_answered_before_the_end_still_arrives(server: Server) -> None:
    server.answer = lambda number, path, body: (401, {}, b"no") if number == 1 else ok(chat(str(number)))
    asking = model(server, num_parallel=1).ask_all([request()] * 3)
    assert next(asking)[1].text == "0"
    for _ in range(200):
        time.sleep(0.01)
        if len(server.seen) == 3:
            break
    time.sleep(0.1)
    assert next(asking) == (2, WordsReply("2", 5, "stop"))
    with pytest.raises(MachineError, match="refuses"):
        next(asking)


def test_leaving_early_stops_the_asking(server: Server) -> None:
    server.answer = lambda number, path, body: ok(chat("2"))
    replies = model(server, num_parallel=1).ask_all([request(seed=i) for i in range(1000)])
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    time.sleep(0.1)
    assert len(server.seen) < 500


@pytest.mark.parametrize(
    ("names", "key"), [(("AHA_API_KEY", "OPENAI_API_KEY"), "sk-aha"), (("OPENAI_API_KEY",), "sk-open")]
)
def test_the_key_comes_from_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], key: str
) -> None:
    for name in names:
        monkeypatch.setenv(name, {"AHA_API_KEY": " sk-aha\n", "OPENAI_API_KEY": "sk-open"}[name])
    server.answer = lambda number, path, body: ok(chat("2"))
    api = model(server)
    ask(api)
    assert server.seen[0][2]["Authorization"] == f"Bearer {key}"
    assert key not in repr(api)


def test_the_key_stands_in_no_message(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHA_API_KEY", "sk-secret")
    server.answer = lambda number, path, body: (401, {}, b"bad key sk-secret")
    with pytest.raises(MachineError) as caught:
        ask(model(server))
    assert "sk-secret" not in str(caught.value)
    assert "bad key …" in str(caught.value)


@pytest.mark.parametrize("key", ["sk-\nsecret", "sk-ключ"])
def test_a_key_that_no_header_can_hold_is_refused_unseen(
    server: Server, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("AHA_API_KEY", key)
    with pytest.raises(UsageError, match="AHA_API_KEY holds characters") as caught:
        ask(model(server))
    assert key not in str(caught.value)


def test_an_endless_answer_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.engines.json_calls.MAX_REPLY_BYTES", 10)
    server.answer = lambda number, path, body: ok(chat("2"))
    with pytest.raises(RefusedError, match="longer than 10 bytes"):
        call(server.url + "/x", {}, 5.0)


def test_addresses() -> None:
    assert is_endpoint("http://localhost:8000/v1")
    assert is_endpoint("https://api.example.com/v1#m")
    assert not is_endpoint("lab")
    assert not is_endpoint("runs/x/model")
    assert shown("https://me:secret@host:81/v1?k=secret#m") == "https://host:81/v1"
    assert open_endpoint("http://host/v1/#owner/name") == ApiModel("http://host/v1", "owner/name")


def test_the_only_model_need_not_be_named(server: Server) -> None:
    server.answer = lambda number, path, body: ok(b'{"data": [{"id": "small"}]}')
    assert open_endpoint(server.url).model == "small"
    assert server.seen[0][0] == "/v1/models"


def test_several_models_must_be_named(server: Server) -> None:
    server.answer = lambda number, path, body: ok(b'{"data": [{"id": "a"}, {"id": "b"}]}')
    with pytest.raises(UsageError, match=r"serves 2 models \(a, b\)\. Append #MODEL"):
        open_endpoint(server.url)


def test_a_list_of_models_that_is_none(server: Server) -> None:
    server.answer = lambda number, path, body: ok(b'{"models": []}')
    with pytest.raises(MachineError, match="holds no list of models"):
        open_endpoint(server.url)
    server.answer = lambda number, path, body: (500, {}, b"")
    with pytest.raises(MachineError, match="does not list its models"):
        open_endpoint(server.url)


@pytest.mark.parametrize("address", ["http://", "http://host:port/v1", "http://host:0/v1#m", "ftp://host/v1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        open_endpoint(address)


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError, match="https://host/v1: a key has no place") as caught:
        open_endpoint("https://me:secret@host/v1#x")
    assert "secret" not in str(caught.value)
