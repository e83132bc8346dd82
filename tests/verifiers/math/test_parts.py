"""Folding, reading, evaluating and comparing, each by itself."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest

from aha.errors import DataError
from aha.verifiers import verify
from aha.verifiers.base import BadReferenceError, NoAnswerError, OverLimitsError, SeveralAnswersError, UnparsableError
from aha.verifiers.math import math
from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.fold import fold
from aha.verifiers.math.forms import num_factors
from aha.verifiers.math.limits import MAX_CALLS
from aha.verifiers.math.parse import parse
from aha.verifiers.math.scalars import UndecidedError, num_digits, same_value
from aha.verifiers.math.sets import real_set
from aha.verifiers.math.symbolic import simplifies_to_zero
from aha.verifiers.math.texts import (
    as_time,
    as_words,
    choice_letters,
    chosen_letter,
    normal_words,
    without_surroundings,
)
from aha.verifiers.math.tokens import tokenize
from aha.verifiers.math.units import unit
from aha.verifiers.math.values import Text, symbols


def read(text: str) -> Any:
    return parse(fold(text))


def right(gold: Any, answer: str, **settings: Any) -> bool:
    return bool(math(answer, gold, **settings).outcome == "correct")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  7 ", "7"),
        ("2×3−1", "2\\cdot 3-1"),
        ("x²", "x^{2}"),
        ("a₁₂", "a_{12}"),
        ("1½", "1\\frac{1}{2}"),
        ("\\dfrac{1}{2}", "\\frac{1}{2}"),
        ("\\left( 1 \\right)", "( 1 )"),
        ("$5$", "5"),
        ("costs $5", "costs \\$5"),
        ("12{,}345", "12,345"),
        ("\\text{ cm}", '"cm"'),
        ("\\mathrm{e}", "e"),
        ("\\mathrm{cm}", '"cm"'),
        ("\\begin{matrix}1\\\\2\\end{matrix}", "\\begin{matrix}1 \\cr 2\\end{matrix}"),
        ("\\\\frac12", "\\frac12"),
        ("①③", "(1)(3)"),
        ("{}^\\circ", "^\\circ"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\\frac12", Fraction(1, 2)),
        ("-1 1/2", Fraction(-3, 2)),
        ("2\\frac{3}{4}", Fraction(11, 4)),
        ("0.1\\overline{6}", Fraction(1, 6)),
        ("1.5e3", 1500),
        ("3 \\times 10^{-2}", Fraction(3, 100)),
        ("1,234,567", 1234567),
        ("2^{3^2}", 512),
        ("-2^2", -4),
        ("5!/3!", 20),
        ("5!!", 15),
        ("\\binom{5}{2}", 10),
        ("\\sqrt[3]{27}", 3),
        ("8^{2/3}", 4),
        ("|3-5|", 2),
        ("\\lfloor 2.5 \\rfloor", 2),
        ("\\lceil 2.5 \\rceil", 3),
        ("\\gcd(12, 18)", 6),
        ("\\max(2, 3)", 3),
        ("50\\%", Fraction(1, 2)),
        ("0.11_2", Fraction(3, 4)),
        ("3 million", 3000000),
    ],
)
def test_rational_values(text: str, value: Fraction | int) -> None:
    assert rational(read(text)) == value


@pytest.mark.parametrize("text", ["\\sqrt 2", "\\pi", "x", "(-8)^{1/3}", "\\sin 1"])
def test_irrational_values_are_told(text: str) -> None:
    with pytest.raises(NotRationalError):
        rational(read(text))


@pytest.mark.parametrize("text", ["1/0", "0^{-1}", "(-1)!"])
def test_undefined_values_are_unparsable(text: str) -> None:
    with pytest.raises(UnparsableError):
        rational(read(text))


@pytest.mark.parametrize(
    "text",
    [
        *("", "(", "1)", "\\frac{1}", "1 2", "x^", "\\foo", "[1", "\\begin{pmatrix}1&2\\\\3\\end{pmatrix}", "5 not"),
        *("1_1", "29_8", "\\begin{align}1\\end{align}", "at least 7", "7 or more", "{", "(1,2]3", "()"),
    ],
)
def test_unreadable(text: str) -> None:
    with pytest.raises(UnparsableError):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "9" * 1001,
        "(" * 41 + ")" * 41,
        "x" * 2001,
        "1," * 101 + "1",
        "5" + "%" * 60,
        "1/" * 60 + "1",
        "1e99999",
        "--" * 40,
    ],
)
def test_limits_of_reading(text: str) -> None:
    with pytest.raises(OverLimitsError):
        read(text)


@pytest.mark.parametrize("text", ["10^{10^{10}}", "9999!", "2^{99999}", "\\binom{9999}{2}", "\\binom{3000}{1500}^{99}"])
def test_limits_of_computing(text: str) -> None:
    with pytest.raises(OverLimitsError):
        rational(read(text))


def test_sums_in_sums_are_over_limits() -> None:
    sums = "\\sum_{a=1}^{99} \\sum_{b=1}^{99} \\sum_{c=1}^{99} \\sqrt{abc}"
    with pytest.raises(OverLimitsError):
        same_value(read("1"), read(sums))
    with pytest.raises(OverLimitsError):
        num_digits(read("3^{9999}"))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("\\sqrt{2}+\\sqrt{3}", "\\sqrt{5+2\\sqrt{6}}", True),
        ("\\pi", "\\pi+10^{-100}", False),
        ("\\cos(x)", "\\sin(90^\\circ-x)", True),
        ("\\ln(x^2)", "2\\ln x", True),
        ("\\frac{1}{x-1}-\\frac{1}{x}", "\\frac{1}{x(x-1)}", True),
        ("2^n", "2 \\cdot 2^{n-1}", True),
        ("(-1)^n", "1", False),
        ("e^x\\sin(\\pi x)", "e^x\\sin(2\\pi x)", False),
        ("n!", "n(n-1)!", True),
        ("\\sum_{k=1}^{n} k", "\\frac{n(n+1)}{2}", True),
        ("\\sum_{k=0}^{n-1} F_k F_{n-k-1}", "\\sum_{k=0}^{n-2} F_k F_{n-k-2}", False),
        ("f(x+1)", "f(1+x)", True),
        ("f(1)", "f(1+10^{-12})", False),
        ("\\sqrt{-1}", "i", True),
        ("\\infty", "\\infty-\\infty", False),
        ("\\arctan 1", "\\frac{\\pi}{4}", True),
        ("\\log_2 8", "3", True),
        ("\\cot x", "\\frac{\\cos x}{\\sin x}", True),
        ("(x+y)^3", "x^3+3x^2y+3xy^2+y^3", True),
        ("x^{2020}-1", "(x^{1010}-1)(x^{1010}+1)", True),
        ("e^{i\\pi}", "-1", True),
    ],
)
def test_same_value(left: str, right: str, same: bool) -> None:
    assert same_value(read(left), read(right)) is same
    assert same_value(read(right), read(left)) is same


def test_sympy_decides_where_numbers_cannot() -> None:
    series = "\\sum_{n=1}^{\\infty} \\frac{1}{n^2}"
    assert same_value(read(series), read("\\frac{\\pi^2}{6}"))
    assert simplifies_to_zero(read("\\arg a"), read("1")) is None
    with pytest.raises(UndecidedError):
        same_value(read("\\arg a"), read("\\arg(2a)"))
    assert math("\\arg(2a)", "\\arg a").outcome == "undecided"
    assert symbols(read("\\sum_{k=1}^{n} k x")) == {"n", "x"}
    assert math("(3,4)^2", "\\frac{1}{2004!}").outcome == "wrong"


def test_sympy_has_a_budget_of_its_own_in_any_thread() -> None:
    left, right = read("\\sum_{n=0}^{\\infty} \\frac{x^n}{n!}"), read("e^x")
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(simplifies_to_zero, left, right, calls) for calls in (300, MAX_CALLS)]
    assert [each.result() for each in found] == [None, True]
    assert sys.getprofile() is None


@pytest.mark.slow
def test_a_slow_comparison_is_undecided_well_within_the_limit_of_a_worker() -> None:
    before = time.process_time()
    assert math("1", "\\sum_{n=1}^{\\infty} \\frac{\\sin n}{n^2+1}").outcome == "undecided"
    assert time.process_time() - before < 5


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("(1,2)", 1),
        ("x<1 \\text{ or } x>2", 2),
        ("x>1, x<2", 1),
        ("x \\ne 0", 2),
        ("(0,2)\\cap(1,3)", 1),
        ("(0,1)\\cup[1,2)", 1),
        ("(0,1)\\cup(1,2)", 2),
        ("\\{1\\}\\cup(2,3)", 2),
        ("(0,5)\\setminus\\{1,2\\}", 3),
        ("(2,1)", 0),
    ],
)
def test_real_sets(text: str, pieces: int) -> None:
    found = real_set(read(text))
    assert found is not None
    assert len(found.pieces) == pieces


@pytest.mark.parametrize("text", ["5", "x=5", "x<y", "(1,2,3)", "x^2<1", "(i,2)"])
def test_other_values_are_no_real_sets(text: str) -> None:
    assert real_set(read(text)) is None


def test_words_choices_and_times() -> None:
    assert without_surroundings("So, the final answer is: 7.") == "7"
    assert normal_words("The East!") == normal_words("east")
    assert normal_words("up when x<-1") != normal_words("up when x<1")
    assert as_words("parabola") == Text("parabola")
    assert as_words("pi") is None
    assert choice_letters("(D), A") == "AD"
    assert chosen_letter("Option C") == "C"
    assert chosen_letter("Q") == chosen_letter("3") == chosen_letter("c") == ""
    assert chosen_letter("c", any_case=True) == "C"
    for text in ("A or B", "C) not D)", "(A) or 12"):
        with pytest.raises(SeveralAnswersError):
            chosen_letter(text)
    evening = as_time("6:30 P.M.")
    assert evening is not None
    assert evening.of_day() == 18.5 * 3600
    assert as_time("25:00") is None


def test_units() -> None:
    assert unit("km/h") == unit("kilometers per hour")
    assert unit("cm^2") == unit("square centimeters")
    assert unit("apples") == unit("apple") != unit("pears")
    assert unit("square units") == unit("")
    assert unit("mL")[0] == unit("cm^3")[0]


def test_numbers_in_brackets_are_separated_by_commas() -> None:
    assert [token.text for token in tokenize("(1,234)")] == ["(", "1", ",", "234", ")", ""]
    assert [token.text for token in tokenize("1,234")] == ["1234", ""]
    assert [token.text for token in tokenize("1,234", grouped=False)] == ["1", ",", "234", ""]
    assert [token.text for token in tokenize("2e3", scientific=False)] == ["2", "e", "3", ""]


def test_factors_are_counted() -> None:
    assert num_factors(read("-2x(x+1)^2")) == 3


def test_references() -> None:
    assert right(["5", "five apples"], "5 apples")
    assert right(18, "18")
    assert right(0.5, "1/2")
    assert right("6 + 6 = 12\n#### 12", "12")
    assert right("so \\boxed{12}.", "12")
    assert right("C. $x+1$", "C")
    assert right("C. $x+1$", "1+x")
    for bad in (None, True, {}, [], [None], "", "\\frac{1}{", "1" * 3000):
        with pytest.raises(BadReferenceError):
            math("5", bad)


def test_faults_of_an_answer_are_told_apart() -> None:
    for answer, fault in (("", NoAnswerError), ("7 or 8", SeveralAnswersError), ("7 +", UnparsableError)):
        with pytest.raises(fault):
            math(answer, "7")
    assert math("7 +", ["7", "plus sign"]).outcome == "wrong"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": "metric"}, "units='metric' is no setting of `math`. Known: "),
        ({"rounding": -1}, "rounding=-1 is no setting of `math`. Use 'exact'"),
        ({"rounding": True}, "rounding=True is no setting"),
        ({"kind": "integral"}, "Known: "),
    ],
)
def test_settings_that_do_not_exist(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message.replace(".", "\\.")):
        math("1", "1", **settings)


@pytest.mark.parametrize(
    ("gold", "answer", "settings"),
    [
        ("a", "A", {"kind": "text"}),
        ("1:10", "2:20", {"kind": "ratio"}),
        ("a", "A", {"kind": "auto"}),
    ],
)
def test_kind_decides_what_a_reference_is(gold: str, answer: str, settings: dict[str, Any]) -> None:
    found = verify("math", f"\\boxed{{{answer}}}", gold, {"extract": "boxed", **settings})
    assert (found["outcome"] == "correct") is (settings["kind"] != "auto")


def test_functions_without_brackets_are_limited() -> None:
    for chain in ("\\sin ", "\\sqrt ", "\\frac "):
        with pytest.raises(OverLimitsError):
            read(chain * 200 + "x")
