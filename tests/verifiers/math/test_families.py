"""Sets that repeat along the line: the same set, whatever the number counts from and however often it is cut."""

import pytest

from aha.verifiers import verify
from aha.verifiers.base import UnparsableError
from aha.verifiers.math.families import family, same_family
from aha.verifiers.math.fold import fold
from aha.verifiers.math.parse import parse
from aha.verifiers.math.values import Family, Interval, Num, Sym, rebuilt, symbols

ALL = "\\bigcup_{k=-\\infty}^{\\infty}"
ROWS = [
    (f"{ALL} (2k\\pi, (2k+2)\\pi)", f"{ALL} (2\\pi k, 2\\pi k + 2\\pi)", True),
    (f"{ALL} (2k\\pi, (2k+2)\\pi)", "\\bigcup_{n \\in \\mathbb{Z}} (2\\pi n - 2\\pi, 2\\pi n)", True),
    (f"{ALL} (2k\\pi, (2k+2)\\pi)", f"{ALL} (2\\pi k, 2\\pi k + \\pi)", False),
    (f"{ALL} (2k\\pi, (2k+2)\\pi)", "(2k\\pi, 2k\\pi + 2\\pi), k \\in \\mathbb{Z}", True),
    (f"{ALL} (2k\\pi, (2k+2)\\pi)", f"{ALL} [2k\\pi, 2k\\pi + 2\\pi)", False),
    (f"{ALL} (2k\\pi, (2k+2)\\pi)", "(0, 2\\pi)", False),
    (f"{ALL} (2k\\pi, (2k+2)\\pi)", "\\mathbb{R}", False),
    (
        f"{ALL} [\\frac{{(4k-1)\\pi}}{{4}}, \\frac{{(4k+1)\\pi}}{{4}}]",
        "[k\\pi - \\frac{\\pi}{4}, k\\pi + \\frac{\\pi}{4}] (k \\in Z)",
        True,
    ),
    (f"{ALL} [k\\pi, k\\pi + 1]", "k\\pi \\le x \\le k\\pi + 1, k \\in \\mathbb{Z}", True),
    (f"{ALL} [k, k+1]", f"{ALL} [k, k+1)", True),
    (f"{ALL} [k, k+1]", f"{ALL} (k, k+1)", False),
    (f"{ALL} \\{{[4k, 4k+1) \\cup (4k+1, 4k+2]\\}}", f"{ALL} ((4k+1, 4k+2] \\cup [4k, 4k+1))", True),
    (f"{ALL} (k, k+1)", f"{ALL} (-k, -k+1)", True),
    (f"{ALL} (k^2, k^2+1)", f"{ALL} (k, k+1)", False),
    ("x = \\frac{\\pi}{4} + k\\pi, k \\in \\mathbb{Z}", "x = k\\pi - \\frac{3\\pi}{4}, k \\in \\mathbb{Z}", True),
    ("x = \\frac{\\pi}{4} + k\\pi, k \\in \\mathbb{Z}", "x = k\\pi + \\frac{3\\pi}{4}, k \\in \\mathbb{Z}", False),
    ("x = \\frac{\\pi}{4} + k\\pi, k \\in \\mathbb{Z}", "\\frac{\\pi}{4} + n\\pi, n \\in \\mathbb{Z}", True),
    ("x = \\frac{\\pi}{4} + k\\pi, k \\in \\mathbb{Z}", "y = \\frac{\\pi}{4} + k\\pi, k \\in \\mathbb{Z}", False),
    ("x = k\\pi, k \\in \\mathbb{Z}", "x = 2k\\pi, x = 2k\\pi + \\pi, k \\in \\mathbb{Z}", True),
    ("x = k\\pi, k \\in \\mathbb{Z}", "x = 2k\\pi, k \\in \\mathbb{Z}", False),
    ("x = k\\pi, k \\in \\mathbb{Z}", "x = k\\pi + 10^{-30}, k \\in \\mathbb{Z}", False),
    ("x = \\pm 1 + 9k, k \\in \\mathbb{Z}", "x = 9k - 1, x = 9k + 1, k \\in \\mathbb{Z}", True),
    ("x \\ne k\\pi, k \\in \\mathbb{Z}", "x \\ne k \\pi , k \\in \\mathbb{Z}", True),
    ("x \\ne k\\pi, k \\in \\mathbb{Z}", "x \\ne 2k\\pi, k \\in \\mathbb{Z}", False),
    ("\\{x|x=3k,k\\in \\mathbb{Z}\\}", "\\{x \\mid x = 3k, k \\in \\mathbb{Z}\\}", True),
    ("\\{x|x=3k,k\\in \\mathbb{Z}\\}", "\\{x|x=3k+1,k\\in \\mathbb{Z}\\}", False),
    ("(0,1)", f"{ALL} (k, k+1)", False),
    ("\\emptyset", "7", False),
    (f"{ALL} (k, k+1)", "\\emptyset", False),
    (f"{ALL} (k, k+1)", "k \\in \\mathbb{Z}", False),
]


@pytest.mark.parametrize(("gold", "answer", "equal"), ROWS)
def test_families(gold: str, answer: str, equal: bool) -> None:
    verdict = verify("math", f"\\boxed{{{answer}}}", gold, {"extract": "boxed"})
    assert verdict["outcome"] == ("correct" if equal else "wrong"), verdict


def test_a_common_period_that_is_too_long_is_none() -> None:
    long, other = family(parse("61k, k \\in Z")), family(parse("k, k \\in Z"))
    assert long is not None
    assert other is not None
    assert same_family(long, long)
    assert not same_family(long, other)
    assert family(parse("k, k \\in x")) is None


def test_only_unions_over_all_whole_numbers_are_read() -> None:
    read = parse(fold(f"{ALL} (k, a)"))
    assert isinstance(read, Family)
    assert symbols(read) == {"a"}
    for text in ("\\bigcup_{k=1}^{\\infty} (k, k+1)", "\\bigcup_{k \\in \\mathbb{N}} (k, k+1)", "\\bigcup (1,2)"):
        with pytest.raises(UnparsableError):
            parse(fold(text))


def test_rebuilt_changes_what_is_directly_inside() -> None:
    new = Sym("y")
    for text in ("x+x", "x x", "-x", "x/x", "x^x", "\\sin x", "x<x", "(x,x)", "x:x", "\\pm x", "x \\text{ cm}"):
        assert symbols(rebuilt(parse(fold(text)), lambda inner: new)) == {"y"}
    assert rebuilt(Interval(new, new, True, False), lambda inner: Sym("x")) == Interval(Sym("x"), Sym("x"), True, False)
    assert rebuilt(parse("(1,2) \\cup (3,4)"), lambda inner: new) != parse("(1,2) \\cup (3,4)")
    number = parse("7")
    assert isinstance(number, Num)
    assert rebuilt(number, lambda inner: new) == number
