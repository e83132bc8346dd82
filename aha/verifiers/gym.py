"""Answers to reasoning-gym problems, scored by the dataset that made them; less than a full score is wrong.

Some of its scorers evaluate the answer as Python or SymPy. Those see only answers over a closed set of characters in
which nothing can be called, named or grown without bound; and everything here runs in a killable worker.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any

from aha.errors import MachineError
from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError, decided
from aha.verifiers.gym_traps import TRAPS

MAX_EVALUATED_CHARS = 4_000
"""Of an answer that a scorer evaluates."""
MAX_POWER = 10_000

_ARITHMETIC = re.compile(r"(?:[0-9+\-/(). ]|\*(?!\*))*")
_NESTED_LIST = re.compile(r"[\w\s\[\],'\"-]*")
_POLYNOMIAL = re.compile(r"(?:[0-9a-zA-Z+\-*/^() ]|(?<=\d)\.(?=\d))*")
EVALUATING = {
    "countdown": _ARITHMETIC,
    "puzzle24": _ARITHMETIC,
    "string_insertion": _NESTED_LIST,
    "spiral_matrix": _NESTED_LIST,
    "binary_matrix": _NESTED_LIST,
    "n_queens": _NESTED_LIST,
    "polynomial_multiplication": _POLYNOMIAL,
    "simple_integration": _POLYNOMIAL,
    "intermediate_integration": _POLYNOMIAL,
}
"""Datasets whose scorer evaluates the answer, and what an answer to them may consist of."""

_FUNCTIONS = frozenset(
    (
        *("sin", "cos", "tan", "sec", "csc", "cot", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
        *("exp", "log", "sqrt", "Abs", "pi", "E", "C"),
    )
)
_POWER = r"(?:\*\*|\^)"
_SMALL_POWER = re.compile(
    rf"{_POWER}\s*(?:(\d{{1,3}})(?!\d)|[a-zA-Z]\b|\(\s*-?(\d{{1,3}})(?:\s*/\s*\d{{1,3}})?\s*\))(?!\s*{_POWER})"
)


def gym(answer: str, reference: Json) -> Verdict:
    """Score of `reference["dataset"]` for `reference["entry"]` (packed by `pack`); below 1 is wrong, and so is an
    answer to which the scorer is known to be too kind (`gym_traps.TRAPS`).

    An answer that makes the scorer fail is unparsable, unless the scorer fails on its own answer too.
    """
    if not isinstance(reference, dict) or not {"dataset", "entry"} <= reference.keys():
        raise BadReferenceError('expected {"dataset": name, "config": {...}, "entry": {...}}')
    check_answer(reference["dataset"], answer)
    dataset = _dataset(reference["dataset"], json.dumps(reference.get("config", {}), sort_keys=True))
    entry = unpack(reference["entry"])
    trap = TRAPS.get(reference["dataset"])
    if trap is not None and not trap(answer, entry):
        return decided(False, answer)
    try:
        score = dataset.score_answer(answer, entry)
    except Exception as error:
        dataset.score_answer(entry["answer"], entry)
        raise UnparsableError(f"the scorer refuses it: {error}") from error
    return decided(float(score) >= 1.0, answer)


def check_answer(dataset: str, answer: str) -> None:
    """Refuse what must not reach an evaluating scorer. Raises UnparsableError or OverLimitsError."""
    allowed = EVALUATING.get(dataset)
    if allowed is None:
        return
    if len(answer) > MAX_EVALUATED_CHARS:
        raise OverLimitsError
    if not answer.isascii() or not allowed.fullmatch(answer):
        raise UnparsableError
    if allowed is not _POLYNOMIAL:
        return
    if any(len(word) > 1 and word not in _FUNCTIONS for word in re.findall(r"[a-zA-Z]+", answer)):
        raise UnparsableError
    powers = _SMALL_POWER.findall(answer)
    if len(powers) != len(re.findall(_POWER, answer)):
        raise OverLimitsError
    if max(map(_growth, _terms(answer))) > MAX_POWER or re.search(r"\d{30}", answer):
        raise OverLimitsError


def _growth(term: str) -> int:
    """All exponents of a term multiplied, as if each stood over the others."""
    return math.prod(max(int(a or b or 1), 1) for a, b in _SMALL_POWER.findall(term))


def _terms(answer: str) -> list[str]:
    """The summands, cut where a sign stands outside all brackets and not in an exponent."""
    depth, start, found = 0, 0, []
    for place, char in enumerate(answer):
        depth += (char == "(") - (char == ")")
        if char in "+-" and depth == 0 and answer[:place].rstrip()[-1:] not in ("*", "^"):
            found.append(answer[start:place])
            start = place
    return [*found, answer[start:]]


def import_gym() -> Any:
    """The reasoning_gym module. Raises MachineError with the pip line where it is not installed."""
    try:
        import reasoning_gym
    except ImportError as error:
        raise MachineError("reasoning-gym is not installed.", cure="pip install 'aha[gym]'") from error
    return reasoning_gym


@lru_cache(maxsize=32)
def _dataset(name: str, config: str) -> Any:
    """The dataset that scores, made once a process for each configuration."""
    return import_gym().create_dataset(name, size=1, seed=0, **json.loads(config))


def pack(value: Any) -> Json:
    """JSON that remembers tuples and keys that are no text: `{"()": [...]}`, `{"{}": [[key, value], ...]}`."""
    if isinstance(value, tuple):
        return {"()": [pack(item) for item in value]}
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        if all(type(key) is str for key in value) and not {"()", "{}"} & value.keys():
            return {key: pack(item) for key, item in value.items()}
        return {"{}": [[pack(key), pack(item)] for key, item in value.items()]}
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise BadReferenceError(f"a reasoning-gym entry holds a {type(value).__name__}, which JSON cannot")


def unpack(value: Json) -> Any:
    """The reverse of `pack`."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"()"}:
        return tuple(unpack(item) for item in value["()"])
    if value.keys() == {"{}"}:
        return {unpack(key): unpack(item) for key, item in value["{}"]}
    return {key: unpack(item) for key, item in value.items()}
