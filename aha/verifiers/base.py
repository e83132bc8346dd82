"""What every verifier shares: the verdict's three ways out, limits, and how an answer is found in a response."""

from __future__ import annotations

import re
import unicodedata

from aha.text.answers import final_text, last_boxed, parse
from aha.types import Verdict

MAX_RESPONSE_CHARS = 1_000_000
MAX_ANSWER_CHARS = 10_000
MAX_WHOLE_CHARS = 100_000
"""Of a whole reply as the answer."""
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""Control and format characters, but not tab and line feed."""
EXTRACTION_RULES = (
    "answer_tag", "tag_or_box", "boxed", "last_line", "last_number", "auto", "hashes", "answer_is", "whole",
)  # fmt: skip
_ANSWER_IS = re.compile(
    r"\banswer(?:\s+is\b|\s*:)|^A:|答案(?:是|为|:|：)|답은|정답은|정답:", re.IGNORECASE | re.MULTILINE
)
_SENTENCE_END = re.compile(r"\.(?:\s|$)|。")


class BadReferenceError(Exception):
    """The reference is not of the form that the verifier reads: our failure, so the verdict is undecided."""


class UnparsableError(Exception):
    """The answer is not of the form that the verifier reads: wrong."""


class OverLimitsError(Exception):
    """The answer is longer, deeper or larger than a verifier reads: wrong."""


class SeveralAnswersError(Exception):
    """More than one answer where one was asked for: wrong."""


class NoAnswerError(Exception):
    """There is no answer: wrong."""


REASONS: dict[type[Exception], str] = {
    UnparsableError: "unparsable",
    OverLimitsError: "over_limits",
    SeveralAnswersError: "several_answers",
    NoAnswerError: "no_answer",
}


def decided(correct: bool, extracted: str) -> Verdict:
    """Correct or wrong after a comparison; `extracted` is the canonical form, equal for equal answers."""
    return Verdict("correct" if correct else "wrong", extracted, "match" if correct else "mismatch")


def fold(text: str) -> str:
    """NFKC (full-width digits, ½, superscripts), one kind of minus, and no invisible characters."""
    folded = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("\u2044", "/")
    return _INVISIBLE.sub("", folded)


def extract(response: str, rule: str) -> str:
    """The one answer of a response. Raises NoAnswerError, SeveralAnswersError or OverLimitsError.

    `answer_tag`: the one `<answer>` block after the last thought. `boxed`: the last box after it. `last_line`: the last
    line after it. `hashes`: the rest of the line after the last `####` there, as GSM8K writes. `answer_is`: the rest of
    the sentence after the last "answer is", "Answer:" or a line's "A:" there. `last_number`: the last number anywhere,
    for diagnosis only. `tag_or_box`: the block where there is one, else the box. `auto`: as that, else the whole text
    after the thought.
    `whole`: all that follows the thought.
    """
    if len(response) > MAX_RESPONSE_CHARS:
        raise OverLimitsError
    answer = _last_number(response) if rule == "last_number" else _by_rule(response, rule)
    if not answer:
        raise NoAnswerError
    if len(answer) > (MAX_WHOLE_CHARS if rule == "whole" else MAX_ANSWER_CHARS):
        raise OverLimitsError
    return answer


def _by_rule(response: str, rule: str) -> str | None:
    parsed = parse(response)
    if rule in ("answer_tag", "tag_or_box", "auto") and parsed.num_answers:
        if parsed.num_answers > 1:
            raise SeveralAnswersError
        return parsed.answer
    text = final_text(response)
    if rule == "answer_tag" or text is None:
        return None
    if rule == "whole":
        return text
    if rule in ("hashes", "answer_is"):
        return _marked(text, rule)
    if rule == "last_line":
        return text.rsplit("\n", 1)[-1].strip()
    boxed = last_boxed(text)
    return text if boxed is None and rule == "auto" else boxed


def _marked(text: str, rule: str) -> str | None:
    """What stands on the line behind the last mark."""
    if rule == "hashes":
        _, mark, rest = text.rpartition("####")
        return rest.strip().split("\n", 1)[0].strip() if mark else None
    end = max((match.end() for match in _ANSWER_IS.finditer(text)), default=None)
    if end is None:
        return None
    line = text[end:].strip().split("\n", 1)[0]
    stop = _SENTENCE_END.search(line)
    return (line if stop is None else line[: stop.start()]).strip(" :*")


def _last_number(text: str) -> str | None:
    """The last run of digits with its sign, commas and point; a hand-written scan from the end, so linear."""
    end = len(text)
    while end and not (text[end - 1].isascii() and text[end - 1].isdigit()):
        end -= 1
    start = end
    while start and text[start - 1] in "0123456789.,":
        start -= 1
    number = text[start:end].lstrip(".,")
    return ("-" if start and text[start - 1] in "-\u2212" else "") + number if number else None
