"""Text and reference in, verdict out. Torch-free, pure, and safe on any text: nothing is executed.

A verifier takes the extracted answer and the reference, and keyword arguments; it returns a verdict or raises one of
the exceptions of `aha.verifiers.base`, which `verify` turns into verdicts.
"""

from __future__ import annotations

import difflib
import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache

from aha.errors import DataError
from aha.types import JUDGE, NO_RULE, NO_VERIFIER, Json, Verdict, VerifierSpec
from aha.verifiers.base import EXTRACTION_RULES, REASONS, BadReferenceError, decided, extract
from aha.verifiers.calls import calls
from aha.verifiers.choice import choice
from aha.verifiers.code import check_arguments, code, most_seconds
from aha.verifiers.code.extraction import last_block
from aha.verifiers.exact import exact, items, json_value
from aha.verifiers.expression import expression
from aha.verifiers.functions import load_function
from aha.verifiers.gym import gym
from aha.verifiers.inputs import given
from aha.verifiers.instructions import instructions
from aha.verifiers.knights import knights
from aha.verifiers.math import math
from aha.verifiers.numbers import number
from aha.verifiers.output import output
from aha.verifiers.schema import schema
from aha.verifiers.text import text


def unruled(answer: str, reference: Json) -> Verdict:
    """No rule decides: reward models, form and language, or a judge, speak about such an answer."""
    return Verdict("undecided", None, NO_RULE)


VERIFIERS: dict[str, Callable[..., Verdict]] = {
    "number": number,
    "exact": exact,
    "math": math,
    "expression": expression,
    "knights": knights,
    "list": items,
    "json": json_value,
    "output": output,
    "input": given,
    "choice": choice,
    "text": text,
    "schema": schema,
    "calls": calls,
    "instructions": instructions,
    "gym": gym,
    "code": code,
    NO_VERIFIER: unruled,
    JUDGE: unruled,
}
"""Name → function(answer, reference, **arguments)."""

MAX_EXTRACTED_CHARS = 500
_FIELDS = tuple(field.name for field in fields(Verdict))
BLOCK = "code_block"
"""The extraction rule for programs: the last fenced block after the thought; the default of `code`."""


def verify(verifier: str, response: str, reference: Json, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """A verdict as JSON, by the names of its fields. The worker's target `aha.verifiers:verify`.

    Beside the verifier's own arguments: `extract` (see `extraction_rule`). `verifier` is a
    name of VERIFIERS, or a user's `path.py:function(answer, reference, **arguments) -> bool`. `response` starts with
    the `<think>` that the prompt opened. Raises DataError for an unknown verifier or argument, never for a response.
    """
    start = time.perf_counter()
    check_spec(VerifierSpec(verifier, arguments))
    verdict = _decide(verifier, response, reference, arguments)
    record: dict[str, Json] = {name: getattr(verdict, name) for name in _FIELDS}
    if verdict.extracted is not None:
        record["extracted"] = verdict.extracted[:MAX_EXTRACTED_CHARS].encode("utf-8", "replace").decode("utf-8")
    record["seconds"] = time.perf_counter() - start
    return record


def _decide(verifier: str, response: str, reference: Json, arguments: Mapping[str, Json]) -> Verdict:
    own = {key: value for key, value in arguments.items() if key != "extract"}
    answer = None
    if verifier in (NO_VERIFIER, JUDGE):
        return unruled("", reference)
    try:
        rule = extraction_rule(VerifierSpec(verifier, arguments))
        answer = last_block(response) if rule == BLOCK else extract(response, rule)
        if verifier in VERIFIERS:
            return VERIFIERS[verifier](answer, reference, **own)
        return decided(bool(load_function(verifier)(answer, reference, **own)), answer)
    except tuple(REASONS) as error:
        return Verdict("wrong", answer, REASONS[type(error)])
    except BadReferenceError:
        return Verdict("undecided", answer, "bad_reference")


def check_spec(spec: VerifierSpec) -> None:
    """Raise DataError for a verifier or an argument that does not exist, with the nearest name."""
    if spec.name not in VERIFIERS and ":" not in spec.name:
        raise DataError(f"There is no verifier {spec.name!r}.", cure=_nearest(spec.name, list(VERIFIERS)))
    function = VERIFIERS[spec.name] if spec.name in VERIFIERS else load_function(spec.name)
    known = _arguments(function)
    for key in spec.arguments:
        if key not in known:
            raise DataError(f"The verifier {spec.name!r} has no argument {key!r}.", cure=_nearest(key, list(known)))
    rule = extraction_rule(spec)
    if rule not in (*EXTRACTION_RULES, BLOCK):
        raise DataError(f"There is no extraction rule {rule!r}.", cure=_nearest(str(rule), [*EXTRACTION_RULES, BLOCK]))
    if spec.name == "code":
        check_arguments(spec.arguments)


@lru_cache(256)
def _arguments(function: Callable[..., object]) -> tuple[str, ...]:
    """What may be passed to a verifier beside answer and reference."""
    return (*list(inspect.signature(function).parameters)[2:], "extract")


def extraction_rule(spec: VerifierSpec) -> str:
    """How the answer is found: one of base.EXTRACTION_RULES or `code_block`, as asked for or by default."""
    return str(spec.arguments.get("extract", BLOCK if spec.name == "code" else "answer_tag"))


def call_seconds(spec: VerifierSpec, reference: Json) -> float | None:
    """The processor seconds that a worker must be given for a verdict; None: as for most verifiers."""
    return most_seconds(reference, spec.arguments) if spec.name == "code" else None


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
