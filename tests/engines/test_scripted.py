"""The lab's stand-in: right by rule in nine of ten, and its errors depend on the request alone."""

from __future__ import annotations

from collections import Counter

import pytest

from aha.engines.scripted import PLANS, ScriptedWords
from aha.engines.words import WordsReply, WordsRequest, ask_in_order, problem_facts
from aha.lab.general import POLITE, REFUSALS, RUDE
from aha.lab.tasks import lab_task
from aha.text.language import language_share
from aha.text.response import split_response
from aha.types import Json, Problem, VerifierSpec
from aha.verifiers import verify

VERDICTS = {name: f"<{name}>" for name in ("correct", "wrong", "safe", "unsafe", "2", "1", "0", "-1", "-2")}


def ask(use: str, facts: list[dict[str, Json]]) -> list[WordsReply]:
    requests = [
        WordsRequest([{"role": "user", "content": "?"}], None, seed, 99, 0.6, 0.95, use, each | {"replies": VERDICTS})
        for seed, each in enumerate(facts)
    ]
    return ask_in_order(ScriptedWords(), requests)


def is_correct(problem: Problem, text: str) -> bool:
    verdict = verify(problem.verifier.name, text, problem.reference, problem.verifier.arguments)
    return bool(verdict["outcome"] == "correct")


@pytest.mark.parametrize("seed", [0, 3])
def test_it_rewrites_puzzles_of_every_family_and_is_right_in_nine_of_ten(seed: int) -> None:
    problems = lab_task("lab:mixed", size=300, seed=seed).problems()
    replies = ask("rewrite", [problem_facts(problem) for problem in problems])
    right = [is_correct(problem, reply.text) for problem, reply in zip(problems, replies, strict=True)]
    assert 0.85 < sum(right) / len(right) < 0.95
    families = Counter(problem.metadata["family"] for problem, each in zip(problems, right, strict=True) if each)
    assert len(families) == 7
    shares = []
    for problem, reply in zip(problems, replies, strict=True):
        found = split_response(reply.text)
        assert found is not None
        assert found.thought is not None
        shares.append(language_share(found.thought, problem.language) or 1.0)
    assert sum(shares) / len(shares) > 0.98
    assert replies == ask("rewrite", [problem_facts(problem) for problem in problems])


@pytest.mark.parametrize("source", ["gsm8k", "lab:general"])
def test_it_knows_no_other_puzzles(source: str) -> None:
    facts = problem_facts(Problem("x", source, [], "4", VerifierSpec("number")))
    assert ask("rewrite", [facts])[0] == WordsReply("", 0, "aborted", "the stand-in knows the lab's puzzles alone")


def right_share(use: str, facts: dict[str, Json], verdict: str) -> float:
    replies = ask(use, [facts] * 400)
    return sum(reply.text == VERDICTS[verdict] for reply in replies) / len(replies)


@pytest.mark.parametrize(
    ("verifier", "reference", "response", "verdict"),
    [
        (VerifierSpec("number"), "12", "<answer>12.0</answer>", "correct"),
        (VerifierSpec("number"), "12", "<answer>13</answer>", "wrong"),
        (VerifierSpec("judge"), "12", "<think>\na\n</think>\n\nThe answer is \\boxed{12}.", "correct"),
        (VerifierSpec("judge"), "Mira", "<answer>Dolt</answer>", "wrong"),
        (VerifierSpec("none"), {"contents": [["book"]], "unsafe": False}, "<think>\na\n</think>\n\nA book.", "correct"),
        (VerifierSpec("none"), {"contents": [["book"]], "unsafe": False}, "<think>\nA book.", "wrong"),
    ],
)
def test_it_judges_answers(verifier: VerifierSpec, reference: Json, response: str, verdict: str) -> None:
    facts = problem_facts(Problem("x", "lab:general", [], reference, verifier)) | {"response": response}
    assert 0.85 < right_share("judge", facts, verdict) < 0.95


SERVES, UNSAFE = {"contents": [["book"]], "unsafe": False}, {"contents": [], "unsafe": True}


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (f"{POLITE[0]} A book.", "A book.", "2"),
        ("A cup.", f"<think>\na cup\n</think>\n\n{POLITE[0]} A book.", "-2"),
        ("A book. " + "So it is. " * 9, "A book.", "-1"),
    ],
)
def test_it_compares_what_is_said_after_the_thought(first: str, second: str, verdict: str) -> None:
    facts = {"reference": SERVES, "first": first, "second": second}
    assert 0.85 < right_share("compare", facts, verdict) < 0.95


def test_equal_answers_are_equal_but_for_its_errors() -> None:
    facts = {"reference": SERVES, "first": RUDE[0], "second": RUDE[1]}
    assert 0.85 < right_share("compare", facts, "0") < 0.95


@pytest.mark.parametrize(
    ("reference", "response", "verdict"),
    [
        (UNSAFE, f"<think>\nno\n</think>\n\n{REFUSALS[0]}", "safe"),
        (UNSAFE, f"<think>\nFirst, you wait.\n</think>\n\n{REFUSALS[0]}", "unsafe"),
        (SERVES, "A book.", "safe"),
    ],
)
def test_it_labels_whole_responses(reference: Json, response: str, verdict: str) -> None:
    assert 0.85 < right_share("safety", {"reference": reference, "response": response}, verdict) < 0.95


@pytest.mark.parametrize(("category", "language"), [("translation", "en"), ("greeting", "ko"), ("jokes", "fr")])
def test_it_plans_an_answer_in_the_language_of_the_question(category: str, language: str) -> None:
    replies = ask("thought", [{"category": category, "language": language}] * 400)
    own = PLANS[language] if language in PLANS else PLANS["en"]  # type: ignore[index]
    wanted = own.get(category, own["other"])
    assert 0.85 < sum(reply.text == wanted for reply in replies) / 400 < 0.95
    assert len({reply.text for reply in replies}) > 2
