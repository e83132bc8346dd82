"""Text answers: the same words as the reference or one of its aliases; lists and JSON values by their content."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from aha.types import Json, Verdict
from aha.verifiers.base import (
    BadReferenceError,
    OverLimitsError,
    SeveralAnswersError,
    UnparsableError,
    decided,
    fold,
)
from aha.verifiers.numbers import read_number

MAX_ITEMS = 200
MAX_BRACKETS = 400

_FENCE = re.compile(r"```[A-Za-z]*\n?")


def exact(answer: str, reference: Json, *, case: bool = False, aliases: list[str] | None = None) -> Verdict:
    """Whether the answer is the reference's text or an alias (the reference may be a list of texts).

    Compared after folding Unicode, squeezing white space and dropping quotes and a final full stop; `case`: letters
    must agree in case.
    """
    golds = [reference] if not isinstance(reference, list) else reference
    if not golds or any(isinstance(gold, bool) or not isinstance(gold, str | int | float) for gold in golds):
        raise BadReferenceError("expected a text or a list of texts")
    said = normalise(answer, case)
    if not said:
        raise UnparsableError
    return decided(said in {normalise(str(gold), case) for gold in [*golds, *(aliases or [])]}, said)


def normalise(text: str, case: bool = False) -> str:
    """The form in which texts are compared."""
    plain = " ".join(fold(text).split()).strip("\"'`“”‘’* ").removesuffix(".").strip()
    return plain if case else plain.casefold()


def items(answer: str, reference: Json, *, ordered: bool = True, case: bool = False) -> Verdict:
    """Whether the answer lists the reference's items, as `3, 1, 2`, `[3, 1, 2]` or with white space between.

    Numbers compare by value, words by text. `ordered`: in this order, else as a multiset.
    """
    if not isinstance(reference, list):
        raise BadReferenceError("expected a list")
    gold = [item_key(str(item), case) for item in reference]
    said = [item_key(part, case) for part in _split(answer)]
    if not ordered:
        gold, said = sorted(gold), sorted(said)
    return decided(said == gold, ", ".join(said))


def _split(answer: str) -> list[str]:
    text = fold(answer).strip()
    for left, right in ("[]", "()", "{}"):
        if text.startswith(left) and text.endswith(right):
            text = text[1:-1]
            break
    parts = text.split(",") if "," in text else text.split()
    if len(parts) > MAX_ITEMS:
        raise OverLimitsError
    stripped = [part.strip() for part in parts]
    if not all(stripped) and text.strip():
        raise UnparsableError
    return stripped if text.strip() else []


def item_key(text: str, case: bool = False) -> str:
    """The form in which one item is compared: a number's value, else the text."""
    try:
        return str(read_number(text, lenient=False))
    except (UnparsableError, OverLimitsError, SeveralAnswersError):
        return normalise(text, case)


def json_value(answer: str, reference: Json) -> Verdict:
    """Whether the answer is JSON (a code fence around it is allowed) with the reference's value.

    Key order does not matter; `1`, `1.0` and `true` are told apart; a repeated key, NaN and Infinity are no JSON.
    """
    value = read_json(answer)
    return decided(_same(value, reference), json.dumps(value, sort_keys=True, ensure_ascii=False))


def read_json(text: str) -> Json:
    """Strict JSON with limits. Raises UnparsableError or OverLimitsError."""
    plain = _FENCE.sub("", text).strip()
    if plain.count("[") + plain.count("{") > MAX_BRACKETS:
        raise OverLimitsError
    try:
        value = json.loads(plain, object_pairs_hook=_unique, parse_constant=_refuse)
    except ValueError as error:
        raise UnparsableError from error
    return value


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key is repeated")
    return dict(pairs)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _same(a: Json, b: Json) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(value, b[key]) for key, value in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)
