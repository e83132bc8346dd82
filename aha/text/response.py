r"""A response is a thought and a visible summary: taking it apart and putting it together, for text of any kind.

The form is that of the released R1 models: `<think>\nTHOUGHT\n</think>\n\nSUMMARY`; R1-Zero's form,
`<think>…</think> <answer>…</answer>`, is read too (DeepSeek-R1, 2501.12948, sections 2.2 and 2.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Literal

OPEN_THOUGHT = "<think>\n"
"""What a chat template that opens the thought ends its prompt with."""
CLOSE_THOUGHT = "\n</think>\n\n"

Fault = Literal["thought_without_end", "thought_without_start", "several_thoughts", "text_before_thought", "no_summary"]
"""Why a text is no response."""

_TAG = re.compile(r"</?think>")


@dataclass(slots=True, frozen=True)
class Response:
    """A response cut in two, white space around its parts left out."""

    thought: str | None
    """None where nothing was thought; an empty thought is none."""
    summary: str
    """What the reader sees; never empty."""


def split_response(text: str, opened: bool = False) -> Response | None:
    """Thought and summary, in time linear in the text; None where `response_fault` has a fault to tell.

    `opened`: the prompt already ends inside `<think>`. Where all that follows the thought is one `<answer>` block
    (R1-Zero's form), its text is the summary.
    """
    found = _split(text, opened)
    return found if isinstance(found, Response) else None


def response_fault(text: str, opened: bool = False) -> Fault | None:
    """Why `split_response` gives None for this text; None where it gives a response."""
    found = _split(text, opened)
    return None if isinstance(found, Response) else found


def join_response(response: Response, opened: bool = False) -> str:
    """The response as text; with `opened`, what is written after a prompt that ends with `OPEN_THOUGHT`.

    Without a thought it is the summary alone; after an opened thought, that thought is closed empty.
    """
    if opened:
        return f"{response.thought or ''}{CLOSE_THOUGHT}{response.summary}"
    if response.thought is None:
        return response.summary
    return f"{OPEN_THOUGHT}{response.thought}{CLOSE_THOUGHT}{response.summary}"


def _split(text: str, opened: bool) -> Response | Fault:
    source = "<think>" + text if opened else text
    tags = list(islice(_TAG.finditer(source), 3))
    names = [tag.group() for tag in tags]
    thought, seen = None, source
    if names == ["<think>", "</think>"]:
        if source[: tags[0].start()].strip():
            return "text_before_thought"
        thought = source[tags[0].end() : tags[1].start()].strip() or None
        seen = _answer(source[tags[1].end() :].strip())
    elif names == ["<think>"]:
        return "thought_without_end"
    elif names == ["</think>"]:
        return "thought_without_start"
    elif names:
        return "several_thoughts"
    summary = seen.strip()
    return Response(thought, summary) if any(map(_visible, summary)) else "no_summary"


def _answer(seen: str) -> str:
    """The text of the answer block that is all of `seen`; else `seen` as it is."""
    start, end = "<answer>", "</answer>"
    whole = seen.startswith(start) and seen.endswith(end) and seen.count(start) == seen.count(end) == 1
    return seen[len(start) : -len(end)] if whole else seen


def _visible(char: str) -> bool:
    return char.isprintable() and not char.isspace()
