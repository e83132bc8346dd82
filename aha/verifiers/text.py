"""Short texts as in question answering: the same words as a reference (EM), or enough of them (F1)."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError, decided, fold

MAX_CHARS = 2_000
ARTICLES = frozenset(("a", "an", "the"))
WHOLE = frozenset(("yes", "no", "true", "false", "noanswer", "unanswerable"))
"""References of one word that only the same word answers, whatever the measure."""

_TOKEN = re.compile(
    r"(?<![^\W_])[-+]?\d+(?:[.,:/]\d+)*"  # a number, a time, a date or a ratio, with its sign
    r"|\d+(?:[.,:/]\d+)*"  # what follows a letter: B52
    r"|[^\W\d_]+(?:[.'’&-]+(?=[^\W_])[^\W\d_]+)*(?:\+\+|#)?"  # a word, with what joins its parts: U.S, C++
    r"|[%€£¥₩]"
)
_JOINED = re.compile(r"[.'’&-]")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def text(
    answer: str,
    reference: Json,
    *,
    measure: Literal["em", "f1"] = "em",
    threshold: float = 0.8,
    aliases: list[str] | None = None,
) -> Verdict:
    """Whether the answer has the words of the reference (a text or a list of them) or of an alias.

    `em`: the same words in the same order, case, articles and punctuation aside (SQuAD, arXiv 1606.05250). Numbers keep
    sign, point and percent, a text of an article alone keeps it, and C, C# and C++ are three words. `f1`: the words
    shared, harmonic mean of precision and recall, are at least `threshold`; never enough for yes and no.
    """
    golds = [*(reference if isinstance(reference, list) else [reference]), *(aliases or [])]
    if not golds or any(isinstance(gold, bool) or not isinstance(gold, str | int | float) for gold in golds):
        raise BadReferenceError("expected a text or a list of texts")
    if measure not in ("em", "f1") or not 0 < threshold <= 1:
        raise BadReferenceError("expected measure em or f1, and a threshold in (0, 1]")
    if len(answer) > MAX_CHARS:
        raise OverLimitsError
    said, wanted = words(answer), [words(str(gold)) for gold in golds]
    if not all(wanted):
        raise BadReferenceError("a reference has no words")
    if not said:
        raise UnparsableError
    scores = [_score(said, gold, measure) for gold in wanted]
    return decided(max(scores) >= (threshold if measure == "f1" else 1.0), " ".join(said))


def _score(said: list[str], gold: list[str], measure: str) -> float:
    if measure == "em" or (len(gold) == 1 and gold[0] in WHOLE):
        return float(said == gold)
    return f1(said, gold)


def f1(said: list[str], gold: list[str]) -> float:
    """Harmonic mean of the shares of common words in both, each counted as often as it is there; in [0, 1]."""
    common = (Counter(said) & Counter(gold)).total()
    return 2 * common / (len(said) + len(gold)) if common else 0.0


def words(text: str) -> list[str]:
    """The words that are compared: lower case, no punctuation, and no articles where anything else is left."""
    plain = _GROUPED.sub("", fold(text).casefold())
    found = [_JOINED.sub("", token) if token[-1].isalpha() else token.lstrip("+") for token in _TOKEN.findall(plain)]
    found = ["percent" if token == "%" else token for token in found]
    return [token for token in found if token not in ARTICLES] or found
