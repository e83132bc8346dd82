"""A second opinion on a verdict, by other means: an answer found in another way, compared by something else.

Numbers and mathematics are compared by Math-Verify where it is installed, else as plain numbers. Other tasks have no
second comparison: there only the finding differs, and what was found goes through the task's verifier. For a worker.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Mapping
from fractions import Fraction

from aha.types import Json

MATHEMATICAL = ("number", "math")
"""Verifiers whose answers Math-Verify can compare."""
MAX_CHARS = 300
"""Longer answers are not given to Math-Verify, which would take minutes for some."""
_BOX = "\\boxed{"
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:/\d+)?")
_MARKS = re.compile(r"</?[a-z]+>|\*\*|[$`]")


def judge(verifier: str, response: str, reference: Json, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """`outcome` (correct, wrong, or undecided where this judge has no opinion), `judge` (its name), `answer` (what it
    found). The worker's target `aha.evaluation.second_judge:judge`; the arguments are those of `aha.verifiers:verify`.
    """
    if verifier == "code":
        return _by_verifier(verifier, last_program(response), reference, arguments, "same tests again")
    answer = last_answer(response)
    if verifier not in MATHEMATICAL:
        return _by_verifier(verifier, answer, reference, arguments, "other extraction")
    name = "numbers" if importlib.util.find_spec("math_verify") is None else "math-verify"
    if answer is None:
        return _opinion("wrong", name, None)
    golds = [_gold(each) for each in (reference if isinstance(reference, list) else [reference])]
    if any(_plain(answer) == _plain(gold) for gold in golds):
        return _opinion("correct", name, answer)
    if name == "numbers":
        return _opinion(_by_numbers(answer, golds), name, answer)
    if len(answer) > MAX_CHARS:
        return _opinion("undecided", name, answer)
    return _opinion(_by_math_verify(answer, golds), name, answer)


def last_answer(response: str) -> str | None:
    """The last answer block after the thought, else the last box, else the last line; None where nothing is said."""
    said = response.rpartition("</think>")[2]
    if "<think>" in said:
        return None
    _, block, rest = said.rpartition("<answer>")
    if block:
        return rest.partition("</answer>")[0].strip() or None
    if _BOX in said:
        return _inside_braces(said.rpartition(_BOX)[2])
    lines = [line.strip() for line in _MARKS.sub("", said).splitlines() if line.strip()]
    if not lines:
        return None
    return re.split(r"(?i)\banswer(?: is)?\s*:?\s*", lines[-1])[-1].rstrip(".") or None


def last_program(response: str) -> str | None:
    """The last fenced block after the thought, fences included; None where there is none."""
    parts = response.rpartition("</think>")[2].split("```")
    return f"```{parts[-2]}```" if len(parts) >= 3 and len(parts) % 2 else None


def _inside_braces(text: str) -> str | None:
    depth = 1
    for place, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if not depth:
            return text[:place].strip() or None
    return None


def _by_verifier(
    verifier: str, answer: str | None, reference: Json, arguments: Mapping[str, Json], name: str
) -> dict[str, Json]:
    from aha.verifiers import verify

    if answer is None:
        return _opinion("wrong", name, None)
    own = {key: value for key, value in arguments.items() if key != "extract"}
    block = answer if verifier == "code" else f"<answer>{answer}</answer>"
    found = verify(verifier, f"<think></think>{block}", reference, own)
    return _opinion(found["outcome"], name, answer)


def _by_math_verify(answer: str, golds: list[str]) -> str:
    """Compare in boxes, without its time limits, which are alarms: the worker's own limit ends what takes too long."""
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    known = [parse(f"\\boxed{{{gold}}}", parsing_timeout=None) for gold in golds]
    if not all(known):
        return "undecided"
    said = parse(f"\\boxed{{{answer}}}", parsing_timeout=None)
    return "correct" if any(verify(gold, said, timeout_seconds=None) for gold in known) else "wrong"


def _by_numbers(answer: str, golds: list[str]) -> str:
    said = _NUMBER.findall(_plain(answer))
    known = [_NUMBER.findall(_plain(gold)) for gold in golds]
    values = [_value(each[0]) if len(each) == 1 else None for each in known]
    if None in values:
        return "undecided"
    return "correct" if len(said) == 1 and _value(said[0]) in values else "wrong"


def _value(text: str) -> Fraction | None:
    over, _, under = text.partition("/")
    if not under:
        return Fraction(over)
    return Fraction(over) / int(under) if int(under) else None


def _gold(reference: Json) -> str:
    text = str(reference).rsplit("####", 1)[-1].strip()
    return _inside_braces(text.rpartition(_BOX)[2]) or text if _BOX in text else text


def _plain(text: str) -> str:
    """The text without white space, thousands separators, dollar signs and a final point."""
    bare = re.sub(r"\s|[$]|(?<=\d),(?=\d{3}(?!\d))", "", text.replace("\u2212", "-"))
    return bare.rstrip(".")


def _opinion(outcome: str, name: str, answer: str | None) -> dict[str, Json]:
    return {"outcome": outcome, "judge": name, "answer": answer}
