"""The linear expression reader, beside Python's own on what both know."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.verifiers.base import BadReferenceError, OverLimitsError
from aha.verifiers.pattern import search

atoms = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", "\\d", "\\W", "[a-c]", "(?:a|b)", "(ab|)", "^", "$", "\\.", "[\\d.-]"]
)
quantifiers = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{0,}", "*?"])
patterns = st.lists(
    st.tuples(atoms, quantifiers).map(lambda pair: pair[0] + ("" if pair[0] in "^$" else pair[1])), max_size=5
).map("".join)


@settings(max_examples=150, deadline=None)
@given(patterns, patterns, st.text(alphabet="ab1. c", max_size=8))
def test_same_matches_as_python(one: str, other: str, text: str) -> None:
    pattern = f"{one}|{other}" if other else one
    assert search(pattern, text) == bool(re.search(pattern, text)), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^[A-Z]{2}-\\d{4}$", "AB-1234", True),
        ("^[A-Z]{2}-\\d{4}$", "AB-12345", False),
        ("^$", "", True),
        ("^$", "a", False),
        ("^\\S+@\\S+\\.\\w{2,3}$", "a.b@c.org", True),
        ("\\t", "a\tb", True),
        ("[^\\s]", " ", False),
        ("[a\\]]", "]", True),
        ("[-a]", "-", True),
        ("a.c", "a\nc", False),
        ("(a|b)*c", "ababc", True),
        ("\\D", "", False),
    ],
)
def test_usual_patterns(pattern: str, text: str, found: bool) -> None:
    assert search(pattern, text) == found


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)",
        "(?<n>a)",
        "\\1",
        "\\bx",
        "a**",
        "*a",
        "(",
        ")",
        "[a",
        "a{2",
        "a{3,2}",
        "a{1001}",
        "(a{1000}){1000}",
        "\\",
        "(" * 60,
    ],
)
def test_patterns_that_are_not_read(pattern: str) -> None:
    with pytest.raises(BadReferenceError):
        search(pattern, "a")


def test_no_pattern_runs_away() -> None:
    start = time.process_time()
    for pattern in ("(a+)+$", "^(a|a)*$", "(a*)*b", "a*a*a*a*a*b", "(.*)(.*)(.*)x"):
        assert not search(pattern, "a" * 3_000 + "!")
    assert time.process_time() - start < 2
    with pytest.raises(OverLimitsError):
        search("a{900}", "a" * 10_000)
