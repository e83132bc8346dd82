"""What the grammar reads beyond plain values: moduli, matrices, names in words, options, units with a hyphen."""

from fractions import Fraction

import pytest

from aha.verifiers import verify
from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.fold import fold
from aha.verifiers.math.judge import option, prepared
from aha.verifiers.math.matrices import MAX_POWER, minus, over, plus, raised, times
from aha.verifiers.math.parse import parse
from aha.verifiers.math.scalars import num_digits
from aha.verifiers.math.values import Num, Pow, Relation

SQUARE = "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"
LETTERS = "\\begin{pmatrix}a&b\\\\c&d\\end{pmatrix}"
COLUMN = "\\begin{pmatrix}1\\\\2\\end{pmatrix}"
INTEGRAL = "\\int_0^{2\\pi} \\sin t \\, dt"
PART = "N_{2.6}=2 \\mid N_{2.9}=2"

ROWS: dict[str, list[tuple[str, str, bool]]] = {
    "moduli": [
        ("|x| < 3", "-3 < x < 3", True),
        ("(-3,3)", "|x| < 3", True),
        ("|x| > 3", "x < -3 \\text{ or } x > 3", True),
        ("|x-1| \\le 2", "[-1,3]", True),
        ("|x-1| \\le 2", "[-1,4]", False),
        ("3 > |x|", "(-3,3)", True),
        ("1 \\leq |z| \\leq \\frac{3}{2}", "z \\in [-\\frac{3}{2}, -1] \\cup [1, \\frac{3}{2}]", True),
        ("1 \\leq |z| \\leq \\frac{3}{2}", "z \\in [-\\frac{3}{2}, -1) \\cup [1, \\frac{3}{2}]", False),
        ("|x| \\ge -1", "\\mathbb{R}", True),
        ("|x| \\ne 2", "(-\\infty, 2)", False),
        ("|x|-1 < 2", "x < 3", False),
        ("-\\ln |\\cos x| + C", "\\ln |\\sec x| + C", True),
        ("-\\ln |\\cos x| + C", "\\ln |\\cos x| + C", False),
    ],
    "matrices": [
        ("\\begin{pmatrix}7&10\\\\15&22\\end{pmatrix}", f"{SQUARE} {SQUARE}", True),
        ("\\begin{pmatrix}7&10\\\\15&22\\end{pmatrix}", f"{SQUARE}^2", True),
        ("\\begin{pmatrix}1&4\\\\9&16\\end{pmatrix}", f"{SQUARE}^2", False),
        ("\\begin{pmatrix}5\\\\11\\end{pmatrix}", f"{SQUARE} \\cdot {COLUMN}", True),
        ("\\begin{pmatrix}2&4\\\\6&8\\end{pmatrix}", f"{SQUARE} + {SQUARE}", True),
        ("\\begin{pmatrix}0&0\\\\0&0\\end{pmatrix}", f"{SQUARE} - {SQUARE}", True),
        ("\\begin{pmatrix}-1&-2\\\\-3&-4\\end{pmatrix}", f"-{SQUARE}", True),
        ("\\begin{pmatrix}2&4\\\\6&8\\end{pmatrix}", f"{SQUARE} \\cdot 2", True),
        ("\\begin{pmatrix}1/2\\\\1\\end{pmatrix}", f"{COLUMN} / 2", True),
        ("\\begin{pmatrix}1+3t\\\\2+4t\\end{pmatrix}", f"{COLUMN} + t \\begin{{pmatrix}}3\\\\4\\end{{pmatrix}}", True),
    ],
    "names in words and signs": [
        ("5", "\\text{Var}(X) = 5", True),
        ("5", "\\operatorname{Var}(X) = 5", True),
        ("12", "\\text{Area of } \\triangle ABC = 12", True),
        ("12", "\\text{Area} = 13", False),
        ("12", "\\text{Area} = 12 = 13", False),
        ("12", "\\text{Area} + 3 = 12", False),
        ("12", "\\text{It is not} = 12", False),
        ("12", "\\text{Area} = 13, \\text{Width} = 12", False),
        ("\\text{Area} = 12", "12", True),
        ("12", "\\text{five} = 12", False),
        ("12", "\\text{twelve} = 12", True),
        ("1/3", "\\int_0^1 x^2 \\, dx = \\frac{1}{3}", True),
        ("1/3", "\\int_0^1 x^2 \\, dx = \\frac{1}{4}", False),
        ("1/3", "\\int_0^1 x^2 \\, dx", False),
        (f"{INTEGRAL} = 0", "0", True),
        ("\\lim_{n \\to \\infty} \\frac{n}{2n+1} = 1/2", "\\frac{1}{2}", True),
        ("\\lim_{n \\to \\infty} \\frac{n}{2n+1} = 1/2", "\\frac{1}{3}", False),
        (f"P\\left({PART}\\right) = (2.6/2.9)^2", "\\frac{676}{841}", True),
        (f"P\\left({PART}\\right) = (2.6/2.9)^2", "\\frac{677}{841}", False),
        ("1/3", "P(A|B) = \\frac{1}{3}", True),
        ("1/3", "\\Pr(A \\cap B) = \\frac{1}{3}", True),
        ("1/3", "\\mathbb{P}(X = 2) = \\frac{1}{3}", True),
        ("P(A|C)=1/3, P(B|C)=1/4", "P(B|C)=1/3, P(A|C)=1/4", False),
        ("P(A|C)=1/3, P(B|C)=1/4", "P(B|C)=1/4, P(A|C)=1/3", True),
    ],
    "references that say a value twice": [
        ("246/595 = 0.413", "246/595", True),
        ("246/595 = 0.413", "0.413", True),
        ("246/595 = 0.413", "0.414", False),
        ("k = \\frac{\\ln 2}{5} \\approx 0.1386", "\\frac{\\ln 2}{5}", True),
        ("k = \\frac{\\ln 2}{5} \\approx 0.1386", "k = 0.1386", True),
        ("k = \\frac{\\ln 2}{5} \\approx 0.1386", "m = 0.1386", False),
        ("S = \\frac{1}{2}bh = 12", "\\frac{1}{2}bh", False),
        ("\\bullet k = 3", "3", True),
    ],
    "options": [
        ("\\text{(A)} 5", "5", True),
        ("\\text{(A)} 5", "A", True),
        ("\\text{(A)} 5", "B", False),
        ("\\text{(A)} 5", "6", False),
        ("\\text{(A)} 5", "\\text{(B)} 5", False),
        ("\\textbf{(D) } \\frac{1}{2}", "1/2", True),
        ("\\text{(C) } x > 3", "x > 3", True),
        ("5", "\\textbf{(A)}\\ 5", True),
        ("5", "\\textbf{(A)}\\ 6", False),
        ("C. $x+1$", "D. x+1", False),
        ("(A) \\cdot 5", "5", False),
    ],
    "sentences with signs": [
        ("若 m / / \\alpha, 则 m \\perp n", "若 m / / \\alpha,则 m \\perp n", True),
        ("若 m / / \\alpha, 则 m \\perp n", "7", False),
    ],
    "decimals that go on": [
        ("\\frac{1}{3}", "0.333...", True),
        ("\\frac{1}{6}", "0.1666\\ldots", True),
        ("\\frac{5}{33}", "0.1515…", True),
        ("0.333", "0.333...", False),
        ("\\pi", "3.14159...", False),
        ("3.14159", "3.14159...", True),
        ("0.5, 1, 1.5, \\ldots", "0.5, 1, 1.5, \\ldots", True),
    ],
    "units and prices": [
        ("3920 \\mathrm{~N}-\\mathrm{m}", "3920 \\text{ N}\\cdot\\text{m}", True),
        ("3920 \\mathrm{~N}-\\mathrm{m}", "3920 \\text{ J}", True),
        ("3920 \\mathrm{~N}-\\mathrm{m}", "3920 \\text{ N}", False),
        ("50 ft-lb", "50 foot-pounds", True),
        ("25 @ \\$ 18", "25 at \\$18", True),
        ("25 @ \\$ 18", "25", False),
    ],
}


@pytest.mark.parametrize(("gold", "answer", "equal"), [row for rows in ROWS.values() for row in rows])
def test_reading(gold: str, answer: str, equal: bool) -> None:
    verdict = verify("math", f"\\boxed{{{answer}}}", gold, {"extract": "boxed"})
    assert verdict["outcome"] == ("correct" if equal else "wrong"), verdict


@pytest.mark.parametrize("text", [f"{SQUARE} {SQUARE} + 1", f"{COLUMN} {SQUARE}", f"{SQUARE}^x", f"{SQUARE}+{COLUMN}"])
def test_matrices_that_do_not_fit(text: str) -> None:
    with pytest.raises(UnparsableError):
        parse(fold(text))


@pytest.mark.parametrize("text", [f"{SQUARE}^{{{MAX_POWER + 1}}}", LETTERS * 12])
def test_limits_of_matrices(text: str) -> None:
    with pytest.raises(OverLimitsError):
        parse(fold(text))


def test_numbers_stay_trees() -> None:
    one, two = parse("1"), parse("2")
    assert plus((one, two)) == parse("1+2")
    assert times((one, two)) == parse("1*2")
    assert over(one, two) == parse("1/2")
    assert minus(one) == parse("-1")
    assert raised(one, two) == parse("1^2")


def test_a_claim_ends_at_its_equal_sign() -> None:
    read = parse(fold(f"{INTEGRAL} = 5"))
    assert isinstance(read, Relation)
    assert len(read.sides) == 2
    assert option(prepared("\\text{(B)} 7")) == ["B", "7"]
    assert option("7") == []


def test_the_roots_of_zero_are_zero() -> None:
    for index in (2, 3, 5):
        assert verify("math", f"\\boxed{{\\sqrt[{index}]{{0}}}}", "0", {"extract": "boxed"})["outcome"] == "correct"
        assert verify("math", f"\\boxed{{\\sqrt[{index}]{{0}}}}", "1", {"extract": "boxed"})["outcome"] == "wrong"


def test_a_power_with_an_exponent_beyond_all_floats_is_over_the_limits_and_no_crash() -> None:
    giant = Pow(Num(Fraction(2)), Num(Fraction(10) ** 400))
    with pytest.raises(OverLimitsError):
        num_digits(giant)
