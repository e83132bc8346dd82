"""Numbers as people write them, and what must not pass for one."""

import pytest

from aha.verifiers import verify


def outcome(answer: str, reference: object, **arguments: object) -> tuple[str, str]:
    verdict = verify("number", f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


RIGHT = [
    ("42", 42), (" 42. ", "42"), ("+42", 42), ("-42", -42), ("\u221242", -42), ("- 42", -42), ("042", 42),
    ("42.0", 42), (".5", "1/2"), ("0.5", "1/2"), ("1,234,567", 1234567), ("1 234 567", 1234567),
    (r"1{,}234", 1234), (r"1\,234", 1234), ("$1,234.50", "1234.5"), ("-$5", -5), ("$-5", -5), (r"\$5", 5),
    ("€ 5", 5), ("5 €", 5), ("5$", 5), ("$5$", 5), (r"\(5\)", 5), (r"\[5\]", 5), ("**5**", 5),
    ("3/4", "0.75"), ("3 / 4", "0.75"), ("-3/4", "-0.75"), ("1 1/2", "1.5"), ("½", "0.5"), ("-1 1/2", "-1.5"),
    (r"\frac{3}{4}", "3/4"), (r"\dfrac34", "3/4"), (r"-\frac{3}{4}", "-3/4"), (r"1\frac{1}{2}", "1.5"),
    (r"\boxed{7}", 7), (r"$\boxed{\frac{1}{2}}$", "1/2"), (r"\text{7}", 7), (r"7\text{ apples}", 7),
    ("1.5e8", 150000000), (r"1.5 \times 10^8", 150000000), (r"3 \cdot 10^{-2}", "0.03"), ("1e3", 1000),
    ("50%", 50), (r"50\%", 50), ("50 percent", 50), ("12 cm", 12), ("12 cm^2", 12), ("60°", 60), ("5 km/h", 5),
    ("18 dollars", 18), ("12 cups of flour", 12), ("x = 5", 5), ("x=5", 5), ("１２", 12), ("4\u200b2", 42),
    ("2", "<<1+1=2>>2 apples\n#### 2"), ("1000", "#### 1,000"), ("0", 0), ("-0", 0), ("0.1", 0.1),
]  # fmt: skip
WRONG = [
    ("41", 42, "mismatch"), ("1,23", 123, "several_answers"), ("7 or 8", 8, "several_answers"),
    ("7, 8", 7, "several_answers"), ("7 8", 78, "several_answers"), ("7 and 8", 7, "several_answers"),
    ("7; 8", 7, "several_answers"), ("13=12", 12, "several_answers"), ("12 = 12", 12, "several_answers"),
    ("7 or more", 7, "unparsable"), ("5 is wrong", 5, "unparsable"), ("seven", 7, "unparsable"),
    ("1+1", 2, "several_answers"), ("5^2", 5, "several_answers"), ("2x", 2, "unparsable"), ("1/0", 1, "unparsable"),
    ("5 million", 5, "unparsable"), ("nan", 1, "unparsable"), ("inf", 1, "unparsable"), ("-", 1, "unparsable"),
    (r"\boxed{}", 1, "unparsable"), (r"\boxed{7", 7, "unparsable"), (r"\sqrt{4}", 2, "unparsable"),
    ("not 5", 5, "unparsable"), ("1e999999999", 1, "over_limits"), ("9" * 250, 1, "over_limits"),
    ("10^9999999", 10, "several_answers"), ("__import__('os')", 1, "unparsable"), ("1" + "0" * 400, 1, "over_limits"),
    ("", 5, "no_answer"), ("5!", 5, "unparsable"), ("0x10", 16, "several_answers"), ("1_000", 1000, "several_answers"),
    ("1.2.3", 1, "several_answers"), ("12,345,67", 1234567, "several_answers"), ("$", 5, "unparsable"),
    ("100000000000000000001", 100000000000000000000, "mismatch"), ("0.3333333333", "1/3", "mismatch"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "reference"), RIGHT)
def test_right(answer: str, reference: object) -> None:
    assert outcome(answer, reference) == ("correct", "match")


@pytest.mark.parametrize(("answer", "reference", "reason"), WRONG)
def test_wrong(answer: str, reference: object, reason: str) -> None:
    assert outcome(answer, reference) == ("wrong", reason)


def test_strict_reads_percent_and_refuses_units() -> None:
    assert outcome("50%", "0.5", lenient=False)[0] == "correct"
    assert outcome("50%", "50", lenient=False)[0] == "wrong"
    assert outcome("5 cm", 5, lenient=False) == ("wrong", "unparsable")
    assert outcome("$5", 5, lenient=False) == ("wrong", "unparsable")
    assert outcome("5 6", 5, lenient=False) == ("wrong", "several_answers")


def test_tolerance_is_absolute() -> None:
    assert outcome("0.33", "1/3", tolerance=0.01)[0] == "correct"
    assert outcome("0.32", "1/3", tolerance=0.01)[0] == "wrong"


@pytest.mark.parametrize("reference", ["", "no number", None, True, [1], {"a": 1}, "1 or 2", "9" * 400, float("nan")])
def test_bad_reference_is_undecided(reference: object) -> None:
    assert outcome("5", reference) == ("undecided", "bad_reference")


def test_equal_answers_have_one_canonical_form() -> None:
    answers = ["1,000", "1000.0", "$1000", r"\boxed{1e3}", "2000/2"]
    forms = {verify("number", f"<answer>{a}</answer>", 1, {})["extracted"] for a in answers}
    assert forms == {"1000"}
