r"""What a chain of equal signs says: `x = 3 \cdot 4 = 12` is 12, `13 = 12` and `12 \approx 12.3` are nothing."""

import pytest

from aha.verifiers import verify
from aha.verifiers.math import math
from aha.verifiers.math.chains import is_claim, rounds
from aha.verifiers.math.fold import fold
from aha.verifiers.math.parse import parse


def right(gold: str, answer: str) -> bool:
    return bool(verify("math", f"\\boxed{{{answer}}}", gold, {"extract": "boxed"})["outcome"] == "correct")


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("12 \\text{ cm}", "12 \\text{ cm} = 13 \\text{ cm}", False),
        ("12 \\text{ cm}", "x = 12 \\text{ cm} = 0.12 m", True),
        ("12 \\text{ cm}", "12 \\text{ cm} = 97", False),
        ("\\$1,250", "\\$1,250 = 97", False),
        ("2:3", "2:3 = 4:5", False),
        ("2:3", "2:3 = 4:6", True),
        ("2:3", "2:3 = 97", False),
        ("2:3", "2:3 = C", False),
        ("(3,4)", "(3,4) = \\pm 2", False),
        ("(3,4)", "97 = (3,4)", False),
        ("(3,4)", "(x,y) = (3,4)", True),
        ("3.14", "3.14 = 6:30", False),
        ("7", "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix} = 7", False),
        ("[0,2)", "D = [0,1) = [0,2)", False),
        ("[0,2)", "D = [0,2)", True),
        ("\\{1,2\\}", "A = \\{1,2\\} = \\{2,1\\}", True),
        ("\\{1,2\\}", "A = \\{1,2\\} = \\{1\\}", False),
        ("1,2", "x = 97 = 1, y = 2", False),
        ("1,2", "x = 1, y = 2", True),
        ("52_8", "52_8 = 42", True),
        ("52_8", "52_8 = 43", False),
        ("x^2+2x+1", "(x+1)^2 = x^2+2x+1", True),
        ("x^2+2x+1", "x^2+2x+1 = 97", False),
        ("5", "5 = x", True),
        ("12", "S = \\frac{1}{2}bh = 12", True),
        ("12", "3x + 3 = 12", False),
        ("x+1", "y = x + 1 = 97", False),
        ("2\\pi", "C = 2\\pi r = 2\\pi \\approx 6.28 \\text{ cm}", True),
        ("2\\pi", "2\\pi \\approx 2 \\cdot 3.14 = 6.28", True),
        ("2\\pi", "2\\pi \\approx 2 \\cdot 3.14 = 6.5", False),
        ("6.28", "2\\pi \\approx 6.28", False),
        ("C", "C, 12", False),
    ],
)
def test_every_two_neighbours_of_a_chain_are_compared(gold: str, answer: str, equal: bool) -> None:
    assert right(gold, answer) is equal


def test_the_task_says_what_is_equal_in_a_chain() -> None:
    assert math("\\frac{20}{40} \\cdot 100 = 50\\%", "50", percent="either").outcome == "correct"
    assert math("\\frac{20}{40} \\cdot 100 = 50\\%", "50\\%").outcome == "wrong"
    assert math("S = 12 = 12 \\text{ cm}", "12 \\text{ cm}", units="required").outcome == "correct"


@pytest.mark.parametrize(
    ("exact", "shown", "rounded"),
    [
        ("7", "7.1", False),
        ("7", "7.04", False),
        ("7", "7.0", True),
        ("7", "8", False),
        ("7", "10", False),
        ("97", "100", True),
        ("\\frac{2}{3}", "0.67", True),
        ("\\frac{2}{3}", "0.66", True),
        ("\\frac{2}{3}", "0.68", False),
        ("\\frac{2}{3}", "0.7", True),
        ("-\\frac{2}{3}", "-0.66", True),
        ("-\\frac{2}{3}", "0.66", False),
        ("\\pi", "\\frac{22}{7}", True),
        ("1000\\pi", "3142", True),
        ("1000\\pi", "3100", True),
        ("1000\\pi", "3200", False),
        ("\\frac{1}{6}", "1.67 \\times 10^{-1}", True),
        ("\\frac{1}{6}", "1.69 \\times 10^{-1}", False),
        ("\\frac{1}{6}", "16.7\\%", True),
        ("e^{-10}", "0", False),
        ("\\arctan 2", "63.4^\\circ", True),
        ("\\arctan 2", "63.6^\\circ", False),
        ("12 \\text{ cm}", "0.12 \\text{ m}", True),
        ("12 \\text{ cm}", "12 \\text{ kg}", False),
        ("12", "12.0 \\text{ cm}", True),
        ("1.23+i", "1.2+i", True),
        ("\\sqrt{2}", "\\sqrt{2}", False),
        ("x", "7", False),
        ("[0,1)", "7", False),
    ],
)
def test_about_may_only_round(exact: str, shown: str, rounded: bool) -> None:
    assert rounds(parse(fold(exact)), parse(fold(shown))) is rounded


def test_a_claim_has_no_number() -> None:
    assert is_claim(parse("a+b"))
    assert is_claim(parse("f(0)"))
    assert not is_claim(parse("a+1"))


@pytest.mark.parametrize(
    ("gold", "answer", "equal"),
    [
        ("1,000", "1.000", False),
        ("1.000", "1,000", False),
        ("1,000", "1000.0", True),
        ("12,345", "12.345", False),
        ("0,125", "0.125", True),
        ("1234,567", "1234.567", True),
        ("2.5", "2,5", True),
    ],
)
def test_three_digits_after_a_comma_are_thousands(gold: str, answer: str, equal: bool) -> None:
    assert right(gold, answer) is equal


@pytest.mark.parametrize(
    ("answer", "equal"),
    [
        ("2,1", False),
        ("1,2", True),
        ("(1,2)", True),
        ("(2,1)", False),
        ("y=2,x=1", True),
        ("y=1,x=2", False),
        ("x=1,2", True),
    ],
)
def test_names_in_the_reference_give_the_order(answer: str, equal: bool) -> None:
    assert right("x=1,y=2", answer) is equal
    assert right("x=1,x=2", "2,1")


def test_a_circled_number_is_a_mark_and_no_factor() -> None:
    for answer in ("x < 3①", "x < ①3", "x < 3 ①", "x < 3⑴", "x < 3\\textcircled{1}", "x < 3\\,①", "x < 3\\text{①}"):
        assert not right("x < 3", answer)
    assert not right("31", "3①")
    assert not right("\\pi", "\\pi①")
    assert right("①③", "(1)(3)")
    assert right("$\\textcircled{1}\\textcircled{3}$", "①③")
    assert not right("①③", "①②")
