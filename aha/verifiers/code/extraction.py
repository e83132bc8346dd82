"""The program in a response: the last fenced block after the thought."""

from __future__ import annotations

import re

from aha.text.answers import final_text
from aha.verifiers.base import MAX_RESPONSE_CHARS, NoAnswerError, OverLimitsError

MAX_PROGRAM_CHARS = 200_000
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def last_block(response: str) -> str:
    """The content of the last fenced block after the last end of thought; the language's name behind the opening fence
    is not read. A fence closes with as many of its own signs as opened it, or more.

    Raises NoAnswerError where there is no block, or the last one is empty or not closed, and OverLimitsError.
    """
    if len(response) > MAX_RESPONSE_CHARS:
        raise OverLimitsError
    text = final_text(response)
    block: list[str] | None = None
    fence = ""
    closed = True
    for line in (text or "").split("\n"):
        mark = _FENCE.match(line)
        if closed and mark and not (mark[1][0] == "`" and "`" in line[mark.end() :]):
            block, fence, closed = [], mark[1], False
        elif not closed and mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
            closed = True
        elif not closed and block is not None:
            block.append(line)
    if block is None or not closed or not any(line.strip() for line in block):
        raise NoAnswerError
    program = "\n".join(block) + "\n"
    if len(program) > MAX_PROGRAM_CHARS:
        raise OverLimitsError
    return program
