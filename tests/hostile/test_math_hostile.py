"""Text that a policy might write to break the math verifier: a verdict in bounded time and memory, nothing executed."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aha.verifiers import verify
from benchmarks.measuring.hostile import (
    CANARY,
    GIANTS,
    INVISIBLE,
    NUMBERS,
    RECIPES,
    REFERENCES,
    hostile_strings,
    responses,
)
from tests.house.source import ROOT

REASONS = {"match", "mismatch", "no_answer", "unparsable", "over_limits", "several_answers", "unclear"}
SECONDS = 1.0
"""CPU seconds for one verdict, on a slow machine; the worker's limit is ten."""
GROWTH_BYTES = 256 << 20
NUM_STRINGS = 300
AUDITED = 2_000
AUDIT = """
import json, random, sys
from collections import Counter
import sympy
from aha.verifiers import verify
from benchmarks.measuring.hostile import REFERENCES, hostile_strings, responses

count = int(sys.argv[1])
for reference in REFERENCES:
    for answer in (*REFERENCES, "(x+1)^2 - x^2", "\\\\sin^2 x + \\\\cos^2 x + 6", "\\\\frac{x^2-1}{(x-1)^2}"):
        verify("math", f"\\\\boxed{{{answer}}}", reference, {"extract": "boxed"})
sympy.simplify(sympy.sin(sympy.Symbol("x")) ** 2 + sympy.sqrt(sympy.Symbol("x") ** 2))
pairs = list(hostile_strings(count, seed=1))
pairs += [(answer, reference) for answer in REFERENCES for reference in REFERENCES]
own, library, crashes = Counter(), Counter(), Counter()
recording = False

def hook(event, arguments):
    global recording
    if not recording or event in ("sys._getframe", "builtins.id", "object.__getattr__", "sys.setprofile"):
        return
    recording = False
    frame, inside = sys._getframe(1), False
    while frame is not None:
        inside = inside or frame.f_globals.get("__name__", "").partition(".")[0] in ("sympy", "mpmath", "math_verify")
        frame = frame.f_back
    (library if inside else own)[event + ": " + ascii(arguments)[:200]] += 1
    recording = True

sys.addaudithook(hook)
for turn, (answer, reference) in enumerate(pairs):
    response, rule = responses(answer)[turn % 3]
    recording = True
    try:
        verify("math", response, reference, {"extract": rule})
    except Exception as error:  # the tests below ask for a verdict; here only events count
        crashes[type(error).__name__] += 1
    recording = False
if len(sys.argv) > 2:
    recording = True
    open(sys.argv[2])
print(json.dumps({"own": own, "library": library, "crashes": crashes}))
"""
"""Grades hostile text after a warm-up, and prints the audit events of our code and of the libraries below it. Setting
the hook that counts calls of sympy is one of ours, and meant."""


def graded(response: str, rule: str, reference: str) -> str:
    """Outcome and reason of one response, checked for what every verdict must be."""
    start = time.process_time()
    verdict = verify("math", response, reference, {"extract": rule})
    seconds = time.process_time() - start
    assert seconds < SECONDS, (seconds, ascii(response[:200]), reference)
    assert verdict["reason"] in REASONS, (verdict, ascii(response[:200]), reference)
    assert (verdict["outcome"] == "undecided") == (verdict["reason"] == "unclear"), (verdict, ascii(response[:200]))
    json.dumps(verdict).encode("utf-8")
    (verdict["extracted"] or "").encode("utf-8")
    return f"{verdict['outcome']}: {verdict['reason']}"


def peak_bytes() -> int:
    """Most memory this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def canary() -> Path:
    """What a payload would leave behind."""
    return Path(f"/tmp/{CANARY}")


@pytest.mark.parametrize("recipe", sorted({recipe.__name__ for recipe in RECIPES}))
def test_hostile_text_gets_a_verdict_quickly(recipe: str) -> None:
    own = [make for make in RECIPES if make.__name__ == recipe][:1]
    assert not canary().exists()
    unclear = 0
    for turn, (answer, reference) in enumerate(hostile_strings(NUM_STRINGS, seed=len(recipe), recipes=own)):
        response, rule = responses(answer)[turn % 3]
        unclear += graded(response, rule, reference) == "undecided: unclear"
    assert unclear <= 0.02 * NUM_STRINGS
    assert not canary().exists()


@pytest.mark.parametrize("answer", GIANTS, ids=[ascii(giant[:12]) for giant in GIANTS])
def test_giants_are_stopped_before_they_are_read(answer: str) -> None:
    before = peak_bytes()
    for response, rule in responses(answer):
        assert graded(response, rule, "7") != "correct: match" or "".join(set(answer) - set(INVISIBLE)) == "7"
    assert peak_bytes() - before < GROWTH_BYTES


@pytest.mark.parametrize("answer", NUMBERS)
def test_towers_and_factorials_are_never_multiplied_out(answer: str) -> None:
    before = peak_bytes()
    for reference in ("7", answer):
        verdict = verify("math", f"\\boxed{{{answer}}}", reference, {"extract": "boxed"})
        assert verdict["seconds"] < 2 * SECONDS, (verdict, answer)
        assert verdict["outcome"] != "correct" or reference == answer
    assert peak_bytes() - before < GROWTH_BYTES


@pytest.mark.parametrize("reference", REFERENCES)
def test_empty_constant_and_scrambled_answers_are_wrong(reference: str) -> None:
    scrambled = "".join(sorted(reference))
    constants = (
        "",
        " ",
        "?",
        "0",
        "-1",
        "42",
        "nan",
        "\\infty",
        "\\emptyset",
        "x",
        "e",
        "\\text{yes}",
        "True",
        "{}",
        "()",
    )
    for answer in (*constants, "$", "\\", "the answer", "7 or 8 or 9", *(() if len(reference) < 4 else (scrambled,))):
        assert graded(f"\\boxed{{{answer}}}", "boxed", reference) != "correct: match", (answer, reference)


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_list_of_guesses_is_wrong(reference: str) -> None:
    for between in (" or ", ", ", " and ", "; ", " = ", " \\approx ", "\\\\ ", " | ", "\n", "} or \\boxed{"):
        for guesses in ((reference, "97"), ("97", reference), (reference, "97", "89")):
            answer = between.join(guesses)
            if between == " = " or "boxed" in between:
                answer = between.join((reference, "97"))
            assert graded(f"\\boxed{{{answer}}}", "boxed", reference) != "correct: match", (answer, reference)


def audit(count: int, *more: str) -> dict[str, dict[str, int]]:
    """The events of `count` hostile gradings in a fresh interpreter."""
    command = [sys.executable, "-c", AUDIT, str(count), *more]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=True)
    events: dict[str, dict[str, int]] = json.loads(found.stdout)
    return events


def check_events(events: dict[str, dict[str, int]]) -> None:
    """None at all from our code; from libraries none that opens, connects or starts anything."""
    assert events["own"] == {}
    ways_out = ("open", "socket", "subprocess", "os.", "shutil", "ctypes", "pty", "urllib", "http")
    assert not [event for event in events["library"] if event.startswith(ways_out)]


def test_no_audit_event_while_hostile_text_is_graded() -> None:
    check_events(audit(AUDITED))


def test_the_audit_sees_what_it_looks_for() -> None:
    events = audit(10, "/dev/null")
    assert [event for event in events["own"] if event.startswith("open")]


@pytest.mark.slow
def test_no_audit_event_in_a_hundred_thousand_gradings() -> None:
    check_events(audit(100_000))


@pytest.mark.slow
def test_a_million_hostile_strings_get_a_verdict() -> None:
    before = peak_bytes()
    for turn, (answer, reference) in enumerate(hostile_strings(1_000_000, seed=2)):
        response, rule = responses(answer)[turn % 3]
        graded(response, rule, reference)
    assert peak_bytes() - before < GROWTH_BYTES
    assert not canary().exists()
