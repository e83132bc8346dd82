"""The arithmetic reader: exact, bounded, and never an evaluation."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.text.arithmetic import NotArithmeticError, TooLargeError, evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [("1+2*3", 7), ("(1+2)*3", 9), ("7-2-1", 4), ("8/4/2", 1), ("1/3+1/6", Fraction(1, 2)), ("3 × 4 ÷ 2", 6)],
)
def test_value(text: str, value: Fraction) -> None:
    assert evaluate(text)[0] == value


def test_numbers_used() -> None:
    assert evaluate("(3+4)*3.5")[1] == [3, 4, Fraction(7, 2)]


@pytest.mark.parametrize("text", ["", "1+", "-1", "1 2", "2**3", "(1", "1)", "a", "1/0", "1.2.3", ".", "2(3)", "²"])
def test_not_arithmetic(text: str) -> None:
    with pytest.raises(NotArithmeticError):
        evaluate(text)


@pytest.mark.parametrize("text", ["(" * 100 + "1" + ")" * 100, "1" * 20, "1+" * 200 + "1"])
def test_too_large(text: str) -> None:
    with pytest.raises(TooLargeError):
        evaluate(text)


@given(st.text(alphabet="0123456789+-*/(). ", max_size=40))
def test_any_text_gives_a_value_or_the_two_errors(text: str) -> None:
    try:
        value, used = evaluate(text)
    except (NotArithmeticError, TooLargeError):
        return
    assert isinstance(value, Fraction)
    assert used
