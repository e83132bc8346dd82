"""A model behind an OpenAI-compatible endpoint: messages or text in, text out, no log-probs. Standard library only."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from aha.engines.json_calls import RefusedError, RetryError, call, shown
from aha.engines.words import WordsReply, WordsRequest
from aha.errors import MachineError, UsageError
from aha.types import Finish, Json

_LENGTH_WORDS = frozenset({"length", "max_tokens"})
_MAX_PAUSE_SECONDS = 60.0


@dataclass(slots=True)
class ApiModel:
    """An endpoint and one of its models. The key is read from AHA_API_KEY or OPENAI_API_KEY at each request and stands
    in no message, no file and no representation of this object."""

    base_url: str
    """Up to and with the version, e.g. `http://localhost:8000/v1`."""
    model: str
    num_parallel: int = 16
    timeout_seconds: float = 600.0
    """For one try, its whole answer included."""
    num_tries: int = 6
    first_pause_seconds: float = 1.0
    """Before the second try; doubles each time."""
    _limit_key: str = field(default="max_tokens", init=False)
    _num_replies: int = field(default=0, init=False)
    _num_lost_in_row: int = field(default=0, init=False)
    _num_at_once: int = field(default=1, init=False)
    _counting: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        """Ask all, `num_parallel` at a time; yields (position in requests, reply) in order of arrival.

        An answer that cannot be had is a reply with finish `aborted`. Raises MachineError when the endpoint refuses the
        key or the model, answered none of the first requests (as many as are asked at once), or stopped answering.
        """
        waiting: SimpleQueue[tuple[int, WordsRequest]] = SimpleQueue()
        done: SimpleQueue[tuple[int, WordsReply | BaseException]] = SimpleQueue()
        stop = threading.Event()
        for numbered in enumerate(requests):
            waiting.put(numbered)

        def work() -> None:
            while not stop.is_set():
                try:
                    position, request = waiting.get_nowait()
                except Empty:
                    return
                try:
                    done.put((position, self._ask(request, stop)))
                except BaseException as error:  # raised again by whoever iterates
                    done.put((position, error))

        self._num_at_once = min(self.num_parallel, len(requests))
        for _ in range(self._num_at_once):
            threading.Thread(target=work, name="aha-api", daemon=True).start()
        try:
            for _ in requests:
                position, reply = done.get()
                if isinstance(reply, BaseException):
                    stop.set()
                    yield from _arrived(done)  # what else was answered is paid for
                    raise reply
                yield position, reply
        finally:
            stop.set()

    def _ask(self, request: WordsRequest, stop: threading.Event) -> WordsReply:
        path = "/chat/completions" if request.prompt is None else "/completions"
        problem = ""
        for attempt in range(self.num_tries):
            limit_key = self._limit_key
            try:
                reply = read_reply(call(self.base_url + path, self._body(request, limit_key), self.timeout_seconds))
            except RetryError as error:
                problem = str(error)
                pause_seconds = self._pause_seconds(attempt) if error.after_seconds is None else error.after_seconds
                if attempt + 1 < self.num_tries and stop.wait(pause_seconds):
                    break
            except RefusedError as error:
                problem = str(error)
                if limit_key == "max_completion_tokens" or "max_completion_tokens" not in problem:
                    break
                self._limit_key = "max_completion_tokens"  # the newer name, which the server itself asks for
            else:
                with self._counting:
                    self._num_replies += 1
                    self._num_lost_in_row = 0
                return reply
        return self._lost(problem)

    def _lost(self, problem: str) -> WordsReply:
        with self._counting:
            self._num_lost_in_row += 1
            num_replies, num_lost = self._num_replies, self._num_lost_in_row
        if not num_replies and num_lost >= self._num_at_once:
            raise MachineError(f"{shown(self.base_url)} gave no answer: {problem}.", cure="Check address and server.")
        if num_lost > 2 * self.num_parallel:
            raise MachineError(f"{shown(self.base_url)} stopped answering: {problem}.", cure="Run again when it is up.")
        return WordsReply("", 0, "aborted", problem)

    def _pause_seconds(self, attempt: int) -> float:
        """Doubles each time up to a minute, shortened at random by up to half so that threads do not march in step."""
        return min(_MAX_PAUSE_SECONDS, self.first_pause_seconds * 2.0**attempt) * random.uniform(0.5, 1.0)

    def _body(self, request: WordsRequest, limit_key: str) -> dict[str, Json]:
        prompt: dict[str, Json] = {"prompt": request.prompt}
        if request.prompt is None:
            prompt = {"messages": [dict(message) for message in request.messages]}
        return {
            "model": self.model,
            **prompt,
            "seed": request.seed & 0x7FFF_FFFF,
            limit_key: request.max_new_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
        }


def _arrived(done: SimpleQueue[tuple[int, WordsReply | BaseException]]) -> Iterator[tuple[int, WordsReply]]:
    """The replies that are there already."""
    while not done.empty():
        position, reply = done.get()
        if not isinstance(reply, BaseException):
            yield position, reply


def is_endpoint(model: str) -> bool:
    """Whether a model's name is the address of an endpoint."""
    return model.startswith(("http://", "https://"))


def open_endpoint(address: str) -> ApiModel:
    """`http://host:8000/v1#model`; without `#model` the endpoint's only model.

    Raises UsageError for what is no address and where several models are served, MachineError without an answer.
    """
    base_url, _, model = address.partition("#")
    base_url = base_url.rstrip("/")
    _check_address(base_url)
    if model:
        return ApiModel(base_url, model)
    try:
        names = [str(entry["id"]) for entry in call(base_url + "/models", None, 30.0)["data"]]
    except (RetryError, RefusedError) as error:
        raise MachineError(f"{shown(base_url)} does not list its models: {error}.", cure="Append #MODEL.") from None
    except (KeyError, TypeError) as error:
        raise MachineError(f"{shown(base_url)}/models holds no list of models.", cure="Append #MODEL.") from error
    if len(names) != 1:
        known = ", ".join(names[:20]) or "none"
        raise UsageError(f"{shown(base_url)} serves {len(names)} models ({known}).", cure="Append #MODEL.")
    return ApiModel(base_url, names[0])


def _check_address(base_url: str) -> None:
    """Raise UsageError, without what may be a password, for an address that cannot be called."""
    parts = urlsplit(base_url)
    if "@" in parts.netloc:
        raise UsageError(f"{shown(base_url)}: a key has no place in an address.", cure="Set AHA_API_KEY.")
    try:
        can_be_called = is_endpoint(base_url) and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        can_be_called = False
    if not can_be_called:
        raise UsageError(f"{shown(base_url)!r} is no address.", cure="Write http://HOST:PORT/v1#MODEL.")


def read_reply(answer: Json) -> WordsReply:
    """The server's JSON as a reply, of either kind of endpoint. Raises RetryError for half an answer."""
    try:
        choice = answer["choices"][0]
        text = _message_text(choice["message"]) if "message" in choice else choice["text"]
        num_tokens, reason = int(answer["usage"]["completion_tokens"]), choice["finish_reason"]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RetryError(f"half an answer: {type(error).__name__} {error} in the server's JSON") from error
    if not isinstance(text, str) or not isinstance(reason, str):
        raise RetryError("half an answer: no text or no finish_reason in the server's JSON")
    finish: Finish = "length" if reason in _LENGTH_WORDS else "tool" if reason == "tool_calls" else "stop"
    return WordsReply(text, num_tokens, finish)


def _message_text(message: dict[str, Json]) -> str:
    """Content, or the model's refusal; reasoning that came apart goes before it, as the model wrote it."""
    content = message.get("content") or message.get("refusal") or ""
    thought = message.get("reasoning_content") or message.get("reasoning")
    return f"<think>\n{thought.strip()}\n</think>\n{content}" if thought else str(content)
