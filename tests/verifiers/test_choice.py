"""Letters of options: one, in the usual dress; two are never right."""

from typing import Any

import pytest

from aha.verifiers import verify

CITIES = ["Rome", "Paris", "Not Oslo", "3.50", "None of the above"]


def outcome(answer: str, reference: Any = "B", **arguments: Any) -> tuple[str, str]:
    verdict = verify("choice", f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize(
    "answer",
    [
        "B", "b", "(B)", "[B]", "B.", "B)", "(b).", "**B**", "$B$", "\\boxed{B}", "\\boxed{\\text{B}}",
        "\\textbf{(B) }", "Ｂ",
        "B. Paris", "B) Paris", "(B) Paris", "B: Paris", "B - Paris", "The answer is B.", "Answer: (B)", "Option B",
        "The correct answer is option B", "So the final answer is: **B) Paris**", "정답: B", "답은 B", "答案是B",
        "答案：B。",
        "\\(\\mathrm{B}\\)", "B. a choice, to be sure",
    ],
)  # fmt: skip
def test_right(answer: str) -> None:
    assert outcome(answer) == ("correct", "match")
    assert outcome(answer, "A")[0] == "wrong"
    if "choice" not in answer:
        assert outcome(answer, "B", options=CITIES) == ("correct", "match")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("C", "mismatch"),
        ("A or B", "several_answers"),
        ("A and not B", "several_answers"),
        ("B, C", "several_answers"),
        ("B and C", "several_answers"),
        ("BC", "several_answers"),
        ("B/C", "several_answers"),
        ("(B) (C)", "several_answers"),
        ("B. Or rather C.", "several_answers"),
        ("B) not sure, maybe C", "several_answers"),
        ("A, B, C, D", "several_answers"),
        ("either B or C", "several_answers"),
        ("not B", "unparsable"),
        ("B is wrong", "unparsable"),
        ("Paris", "unparsable"),
        ("Because", "unparsable"),
        ("a good question", "unparsable"),
        ("5", "unparsable"),
        ("b" * 2000, "over_limits"),
        ("", "no_answer"),
        ("The answer is", "unparsable"),
        ("I choose B", "several_answers"),
    ],
)
def test_wrong(answer: str, reason: str) -> None:
    assert outcome(answer) == ("wrong", reason)


@pytest.mark.parametrize("options", [CITIES, dict(zip("ABCDE", CITIES, strict=True))])
@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("Paris", "B"), ("paris.", "B"), ("Not Oslo", "C"), ("C. Not Oslo", "C"), ("7/2", "D"), ("D) 3.5", "D"),
        ("None of the above", "E"), ("The answer is Rome", "A"),
    ],
)  # fmt: skip
def test_option_texts(options: Any, answer: str, letter: str) -> None:
    assert outcome(answer, letter, options=options) == ("correct", "match")
    assert outcome(answer, "B" if letter == "A" else "A", options=options) == ("wrong", "mismatch")


def test_a_letter_with_the_text_of_another_option_is_two_answers() -> None:
    assert outcome("B. Rome", options=CITIES) == ("wrong", "several_answers")
    assert outcome("F", options=CITIES) == ("wrong", "unparsable")


def test_options_of_one_text_cannot_be_told_apart() -> None:
    assert outcome("C", "B", options=["1", "2", "2.0"]) == ("correct", "match")
    assert outcome("A", "B", options=["1", "2", "2.0"]) == ("wrong", "mismatch")


@pytest.mark.parametrize("answer", ["③", "3", "(3)", "정답은 ③"])
def test_numbered_options(answer: str) -> None:
    assert outcome(answer, "3") == ("correct", "match")
    assert outcome(answer, "2") == ("wrong", "mismatch")


@pytest.mark.parametrize("answer", ["ABD", "A, B, D", "A B D", "B, A and D", "(A)(B)(D)", "A、B、D", "\\boxed{ABD}"])
def test_all_of_several_options(answer: str) -> None:
    assert outcome(answer, "ABD") == ("correct", "match")
    assert outcome(answer, "AB") == ("wrong", "mismatch")


@pytest.mark.parametrize("answer", ["A or B", "AAB", "all", "A, not B"])
def test_several_options_are_listed_plainly(answer: str) -> None:
    assert outcome(answer, "AB") == ("wrong", "unparsable")


@pytest.mark.parametrize("reference", [None, "", "()", 2, ["A"], "Paris?", "AA", "A1"])
def test_bad_references(reference: Any) -> None:
    assert outcome("B", reference) == ("undecided", "bad_reference")


@pytest.mark.parametrize("options", ["AB", 5, {"Ä": "x"}, ["x"] * 30])
def test_bad_options(options: Any) -> None:
    assert outcome("B", options=options) == ("undecided", "bad_reference")
