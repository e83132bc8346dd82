"""Every rule drops what it is for, in a fixed order, and nothing else."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from aha.config.data_stages import FilterSettings
from aha.rollouts.quality import RULES, Candidate, filter_candidates
from aha.text.response import split_response
from aha.types import Problem, Verdict, VerifierSpec

CORRECT = Verdict("correct", "4", "match")
THOUGHT = "We add the two numbers, and then we check the sum by taking one of them away again."


def problem(name: str = "p", question: str = "What is two and two?", reference: str = "4") -> Problem:
    return Problem(name, "test", [{"role": "user", "content": question}], reference, VerifierSpec("number"))


def candidate(text: str, asked: Problem | None = None, verdict: Verdict | None = CORRECT, tokens: int = 9) -> Candidate:
    return Candidate(asked or problem(), text, split_response(text), verdict, tokens)


def thinking(thought: str, summary: str = "It is 4.") -> str:
    return f"<think>{thought}</think>{summary}"


def varied(seed: int, num_words: int = 40) -> str:
    """English prose that is like no other."""
    picker = random.Random(seed)
    known = "we then add the first number to this one and see that it is what was asked for in some way"
    return " ".join(picker.choice(known.split()) for _ in range(num_words))


BROKEN = {
    "undecided": candidate(thinking(THOUGHT), verdict=Verdict("undecided", None, "crash")),
    "wrong": candidate(thinking(THOUGHT), verdict=Verdict("wrong", "5", "mismatch")),
    "malformed": candidate("<think>" + THOUGHT),
    "too_long": candidate(thinking(THOUGHT), tokens=101),
    "mixed_language": candidate(thinking(THOUGHT + " 그래서 두 수를 더하면 넷이 된다는 것을 알 수 있다.")),
    "long_paragraph": candidate(thinking(" ".join(f"Then comes number {n}." for n in range(200)))),
    "code_block": candidate(thinking(THOUGHT + "\n```python\nprint(2 + 2)\n```")),
    "repetition": candidate(thinking("\n".join([THOUGHT] * 9))),
    "leaked": candidate(thinking("Leaked. " + THOUGHT)),
}


def leaks(each: Candidate) -> str | None:
    return "item 7" if "Leaked" in each.text else None


@pytest.mark.parametrize("rule", BROKEN)
def test_one_sample_breaks_one_rule(rule: str) -> None:
    settings = FilterSettings(max_tokens=100)
    clean = candidate(thinking(THOUGHT), problem("clean", "And what is three and one?"))
    found = filter_candidates([BROKEN[rule], clean], settings, leaks)
    assert found.kept == [clean]
    assert {name: count for name, count in found.counts().items() if count} == {rule: 1}
    assert found.examples()[rule]["problem"] == "p"
    assert found.examples()[rule]["why"]


def test_rules_are_applied_in_their_order() -> None:
    """A sample that breaks every rule falls to the first; as that is mended, to the next."""
    pile = "Leaked. " + " ".join([THOUGHT] * 50) + " 그래서 두 수를 더하면 넷이 된다." * 99 + "\n```\n2\n```"
    worst = Candidate(problem(), thinking(pile), None, None, 101)
    seen = []
    for mend in (
        lambda each: replace(each, verdict=Verdict("wrong", None, "mismatch")),
        lambda each: replace(each, verdict=CORRECT),
        lambda each: replace(each, response=split_response(each.text)),
        lambda each: replace(each, num_tokens=9),
        lambda each: again(each, "그래서 두 수를 더하면 넷이 된다.", ""),
        lambda each: again(each, THOUGHT + " ", THOUGHT + "\n"),
        lambda each: again(each, "```", ""),
        lambda each: again(each, THOUGHT + "\n", ""),
    ):
        seen += [each.rule for each in filter_candidates([worst], FilterSettings(max_tokens=100), leaks).dropped]
        worst = mend(worst)
    seen += [each.rule for each in filter_candidates([worst], FilterSettings(max_tokens=100), leaks).dropped]
    assert tuple(seen) == RULES[:9]


def again(each: Candidate, old: str, new: str) -> Candidate:
    text = each.text.replace(old, new)
    return replace(each, text=text, response=split_response(text))


def test_summaries_may_hold_code_and_another_language_but_no_loops() -> None:
    fine = [
        candidate(thinking(THOUGHT, "```python\nprint(4)\n```"), problem("code", "Print the sum.")),
        candidate(thinking(THOUGHT, "그래서 두 수를 더하면 넷이 된다는 것을 알 수 있다."), problem("ko", "Say it.")),
        candidate("Good morning, how are you today?", problem("greeting", "Hello.")),
    ]
    loop = candidate(thinking("", "\n".join([THOUGHT] * 9)), problem("loop", "Again?"))
    found = filter_candidates([*fine, loop], FilterSettings())
    assert found.kept == fine
    assert found.dropped[0].rule == "repetition"


def test_limits_are_settings() -> None:
    everything = FilterSettings(
        correct=False, mixed_frac=1, paragraph_chars=100_000, code_blocks=True, repetition=1, max_kept=99
    )
    mended = [replace(each, problem=problem(rule, f"{rule} {rule}?")) for rule, each in BROKEN.items()]
    found = filter_candidates(mended, everything)
    assert [each.rule for each in found.dropped] == ["malformed"]


def test_copies_and_the_cap_keep_the_shortest() -> None:
    texts = [thinking(varied(seed)) for seed in range(4)]
    near = texts[1].replace("</think>", " so </think>")
    given = [candidate(text, tokens=tokens) for text, tokens in zip(texts, (30, 20, 40, 10), strict=True)]
    given += [candidate(near, tokens=25), candidate(texts[1] + "\n", tokens=21)]
    found = filter_candidates(given, FilterSettings(max_kept=2))
    assert found.kept == [given[1], given[3]]
    assert [each.rule for each in found.dropped] == ["over_cap", "over_cap", "near_duplicate", "duplicate"]


def test_a_question_asked_twice_is_one_question() -> None:
    words = "A farmer has {} sheep in the north field and sells a third of them to his {} neighbour. How many?"
    asked = [
        problem("a", words.format(12, "old")),
        problem("b", words.format(12, "OLD").replace(",", "")),
        problem("c", words.format(12, "kind old")),
        problem("d", words.format(15, "old"), reference="10"),
    ]
    given = [candidate(thinking(varied(place)), each) for place, each in enumerate(asked)]
    found = filter_candidates(given, FilterSettings(max_kept=1, near_duplicate=0.5))
    assert [each.problem.id for each in found.kept] == ["a", "d"]
    assert [each.rule for each in found.dropped] == ["over_cap", "over_cap"]


def test_a_template_makes_no_questions_alike() -> None:
    words = (
        "On an island live knights, who always tell the truth, and knaves, who always lie. You meet two of its people, "
        "Ann and Bob, on the road to the village. Ann says: {}. What are they? Answer with two words."
    )
    said = ["I am a knight", "Bob is a knave", "we are both knaves", "one of us lies", "Bob never lies"]
    given = [candidate(thinking(varied(n)), problem(f"k{n}", words.format(each))) for n, each in enumerate(said)]
    assert len(filter_candidates(given, FilterSettings(max_kept=1, near_duplicate=0.5)).kept) == len(said)
