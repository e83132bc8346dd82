"""What other graders are known to get wrong, decided one by one: false rights, then false wrongs.

Each row says why its verdict is right. Answers are those of a box unless a whole response is given.
"""

from typing import Any

import pytest

from aha.verifiers import verify

Row = tuple[str, str, bool, str, dict[str, Any]]

FALSE_RIGHTS: dict[str, list[Row]] = {
    "an unreadable formula does not fall through to a number in it": [
        ("$1-\\frac{1}{\\mathrm{e}}$", "1+\\frac{1}{\\mathrm{e}}", False, "the roman e is Euler's number", {}),
        ("$1-\\frac{1}{\\mathrm{e}}$", "1 - e^{-1}", True, "the same number", {}),
        ("$1,2,\\ldots,n$", "1,3,5,\\ldots,2n-1", False, "another sequence that begins with 1", {}),
        ("$1:2:3:\\ldots$", "1:4:9:\\ldots", False, "another ratio that begins with 1", {}),
        ("$4$", "4\\sqrt(2)", False, "a root may have round brackets", {}),
    ],
    "junk in the box is no answer": [
        ("7", "@@ 5 @@ 7", False, "two numbers between signs are no value", {}),
        ("1/2", "\\foo 1/2", False, "an unknown command may mean anything", {}),
        ("4951077", "{@N 1276915 4951077 국 {1,1-3-10鼓励不停);5个_GEN}", False, "the number is one of many", {}),
    ],
    "tiny numbers differ": [
        ("\\frac{1}{2^{99}}", "\\frac{1}{2^{98}}", False, "one is twice the other", {}),
        ("\\frac{1}{2004!}", "\\frac{1}{2006!}", False, "they differ by a factor of four million", {}),
        ("0.0000001", "0.0000002", False, "decimals are exact", {}),
        ("\\frac{2^{2005}+1}{3 \\cdot 2^{2006}}", "\\frac{1}{3 \\cdot 2^{2006}}", False, "one is near 1/6", {}),
        ("e^{-700}", "e^{-701}", False, "differences are relative", {}),
    ],
    "equations are not compared by their solutions": [
        ("x=x+1", "y=y+2", False, "no solution each, but not the same equation", {}),
        ("x=x+1", "x=x+2", False, "no solution each, but not the same equation", {}),
    ],
    "a base counts": [
        ("52_8", "52_9", False, "42 and 47", {}),
        ("1010_2", "1010", False, "ten and a thousand and ten", {}),
        ("1010_2", "10", False, "the reference asks for base 2", {}),
        ("1010_2", "(1010)_{2}", True, "the same digits and base", {}),
        ("52_8", "52_{\\text{eight}}", True, "a base in words", {}),
    ],
    "an equation is more than the number behind its sign": [
        ("3x-y+13=0", "3x+4y+14=0", False, "two lines", {}),
        ("3x-y+13=0", "-6x+2y=26", True, "the same line", {}),
        ("f(x)=0", "0", True, "f(x) names the value", {}),
        ("a+3z=0", "0", False, "a + 3z is no name", {}),
        ("2x+z=1", "1", False, "2x + z is no name", {}),
    ],
    "a repeated element is a list": [
        ("1", "1,1", False, "two values where there is one", {}),
        ("1", "\\{1,1\\}", False, "two values where there is one", {}),
        ("1", "\\{1\\}", True, "the set of that one value", {}),
    ],
    "a chain must be true": [
        ("12", "13=12", False, "13 is not 12", {}),
        ("12", "x = 3 \\cdot 4 = 12", True, "each side is 12", {}),
        ("\\frac{\\sqrt{3}}{3}", "\\frac{\\sqrt{3}}{3} \\approx 0.577", True, "an exact value and its decimals", {}),
        ("12", "12 \\approx 13", False, "13 is not near 12", {}),
    ],
    "case and letters count": [
        ("abc", "cba", False, "bare letters are a word, not a product", {}),
        ("a+b", "A+B", False, "small and capital letters are different variables", {}),
        ("a+b", "b + a", True, "a sum has no order", {}),
        ("E", "e", False, "a choice and Euler's number", {}),
    ],
    "units are looked at": [
        ("12 cm", "12 km", False, "different units", {}),
        ("12 cm", "12", True, "the question names the unit", {}),
        ("12 cm", "12", False, "the task wants it", {"units": "required"}),
        ("12 cm", "12 km", True, "the task does not look at units", {"units": "ignore"}),
        ("10", "10cm", True, "as above, the other way round", {}),
        ("1 m", "100 \\text{ cm}", True, "the same length", {}),
        ("28\\%", "28", False, "28 is a hundred times as much", {}),
        ("28\\%", "28", True, "the question asks for a percentage", {"percent": "either"}),
        ("28\\%", "0.28", True, "the same value", {}),
        ("4\\%", "0.04", False, "0.04 percent, where the question asks for a percentage", {"percent": "either"}),
        ("\\angle ABC=30^\\circ", "30", True, "the number of degrees that the question asks for", {}),
        ("30^\\circ", "\\frac{\\pi}{6}", True, "the same angle in radians", {}),
        ("\\frac{\\pi}{3}", "60^\\circ", True, "the same angle in degrees", {}),
        ("\\frac{\\pi}{3}", "60", False, "a number without a unit is no angle in degrees", {}),
        ("\\frac{\\pi}{3}", "60^\\circ", False, "the task wants the unit", {"units": "required"}),
        ("30^\\circ", "30 \\text{ cm}", False, "an angle and a length", {}),
        ("6:30 \\text{ p.m.}", "6:30", False, "no half of the day: in the morning", {}),
        ("6:30 \\text{ p.m.}", "18:30", True, "the same time", {}),
        ("6:30", "1/5", False, "a time is no quotient", {}),
        ("12:00", "1:00", False, "two times", {}),
    ],
    "brackets count": [
        ("(1,2)", "\\{1,2\\}", False, "a point and a set", {}),
        ("(1,2)", "1,2", False, "a point and a list", {}),
        ("\\{1,2\\}", "2,1", True, "a list of the elements", {}),
        ("(0,1)", "0,1", False, "a point or interval and a list", {}),
        ("(-3,2)", "[-3,2]", False, "open and closed", {}),
        ("1,-2", "-2,1", True, "solutions have no order", {}),
        ("1,-2", "-2,1", False, "the task's lists do", {"order": "significant"}),
        ("(1,-2)", "(-2,1)", False, "coordinates have an order", {}),
    ],
    "form is asked for by name": [
        ("2", "1+1", True, "the same value", {}),
        ("2", "1+1", False, "arithmetic is left to do", {"form": "reduced"}),
        ("25", "5^2", False, "arithmetic is left to do", {"form": "reduced"}),
        ("\\frac{1}{2}", "\\frac{2}{4}", False, "not in lowest terms", {"form": "reduced"}),
        ("\\frac{1}{2}", "1/2", True, "in lowest terms", {"form": "reduced"}),
        ("4(3-x)(3+x)", "(6-2x)(6+2x)", True, "the same value", {}),
        ("4(3-x)(3+x)", "(6-2x)(6+2x)", False, "a 2 is left in each factor", {"form": "factored"}),
        ("4(3-x)(3+x)", "-4(x-3)(x+3)", True, "other signs, all factors", {"form": "factored"}),
        ("4(3-x)(3+x)", "36-4x^2", False, "not a product", {"form": "factored"}),
    ],
}
"""Wrong answers that were accepted, beside right ones of the same kind."""

FALSE_WRONGS: dict[str, list[Row]] = {
    "plain notations": [
        ("\\frac{3}{2}", "1 1/2", True, "a mixed number", {}),
        ("\\frac{3}{2}", "1\\frac{1}{2}", True, "a mixed number", {}),
        ("\\frac{\\pi}{2}", "pi/2", True, "the word is the number", {}),
        ("150000000", "1.5e8", True, "scientific notation", {}),
        ("1.5 \\times 10^8", "150{,}000{,}000", True, "scientific notation", {}),
        ("1000000", "1 000 000", True, "thousands by spaces", {}),
        ("1000", "1\\,000", True, "thousands by a thin space", {}),
        ("2.5", "2,5", True, "a decimal comma", {}),
        ("5", "5.", True, "the end of a sentence", {}),
        ("32349", "32,\\! 349", True, "a comma without its space", {}),
        ("32349", "32, 349", False, "a list of two", {}),
    ],
    "values that need a step": [
        ("\\frac{1}{3}", "0.\\overline{3}", True, "a repeating decimal", {}),
        ("\\frac{-1+\\sqrt{5}}{2},\\frac{-1-\\sqrt{5}}{2}", "\\frac{-1\\pm\\sqrt5}{2}", True, "both roots", {}),
        ("\\pm 2021", "2021", False, "one of the two", {}),
        ("x<3", "2x<6", True, "the same half line", {}),
        ("x<3", "x>3", False, "the other half line", {}),
        ("x<3", "x \\le 3", False, "3 does not belong", {}),
    ],
    "intervals and inequalities": [
        ("(-\\infty, 3)", "x<3", True, "the same set", {}),
        ("0 < x < 12.5", "(0, 12.5)", True, "the same set", {}),
        ("x \\in [-2,7]", "-2 \\le x \\le 7", True, "the same set", {}),
        ("(-\\infty,-1) \\cup (2,\\infty)", "x < -1 \\text{ or } x > 2", True, "a union in words", {}),
        ("(-\\infty,-1) \\cup (2,\\infty)", "x < -1 \\text{ or } x \\ge 2", False, "2 does not belong", {}),
        ("(-\\infty,0)\\cup(0,\\infty)", "x \\ne 0", True, "all but 0", {}),
        ("(-\\infty,0)\\cup(0,\\infty)", "\\mathbb{R} \\setminus \\{0\\}", True, "all but 0", {}),
        ("\\{x \\mid -2 \\le x < 1\\}", "[-2,1)", True, "a set by its condition", {}),
    ],
    "Unicode": [
        ("\\frac12", "½", True, "one sign for a fraction", {}),
        ("\\sqrt2", "√2", True, "a root sign", {}),
        ("x^2", "x²", True, "a raised digit", {}),
        ("12", "１２", True, "full-width digits", {}),
        ("60^\\circ", "60°", True, "a degree sign", {}),
        ("7", "\u200b7", True, "a space that is none", {}),
        ("7", "𝟕", True, "a bold digit", {}),
        ("-3", "\u22123", True, "a minus sign of its own", {}),
    ],
    "matrices and vectors": [
        ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "[[1,2],[3,4]]", True, "rows in brackets", {}),
        ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "[[1,3],[2,4]]", False, "transposed", {}),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "(1,2)", True, "a column and its coordinates", {}),
        ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\langle 1,2 \\rangle", True, "a column and its coordinates", {}),
        (
            "\\begin{cases} x & \\text{if } x>0 \\\\ -x & \\text{if } x \\le 0\\end{cases}",
            "\\begin{cases} -x, & x \\le 0 \\\\ x, & x>0 \\end{cases}",
            True,
            "cases have no order",
            {},
        ),
    ],
    "words around the value": [
        ("7", "\\text{The answer is } 7", True, "a phrase before it", {}),
        ("7", "답은 7이다", True, "Korean around it", {}),
        ("7", "答案是 7", True, "Chinese before it", {}),
        ("7", "答案是7个。", True, "Chinese around it", {}),
        ("C", "C) 12", True, "the letter with its option", {}),
        ("C", "\\textbf{(C)}", True, "the letter in brackets", {}),
        ("C", "C or D", False, "two letters", {}),
        ("B", "A and not B", False, "two letters", {}),
        ("\\emptyset", "no solution", True, "the empty set in words", {}),
        ("DNE", "does not exist", True, "the abbreviation", {}),
        ("3", "three", True, "a number in words", {}),
        ("\\text{east}", "East", True, "a word has no case", {}),
    ],
    "coarse decimals": [
        ("1/3", "0.333", False, "not equal, and the reference is exact", {}),
        ("0.333", "1/3", True, "it rounds to the reference", {"rounding": "reference_digits"}),
        ("0.333", "1/3", False, "not equal", {}),
        ("\\sqrt2", "1.414", True, "equal to three places", {"rounding": 3}),
        ("3.14", "\\pi", True, "it rounds to the reference", {"rounding": "reference_digits"}),
        ("3.14", "3.15", False, "it does not round to the reference", {"rounding": "reference_digits"}),
    ],
    "units as plain text": [
        ("10", "10 weeks", True, "what is counted", {}),
        ("10", "10 cm^2", True, "a plain unit with a power", {}),
        ("10 \\text{ weeks}", "10 days", False, "something else is counted", {}),
    ],
    "roots of quotients": [
        ("\\sqrt{1/n}", "\\frac{1}{\\sqrt{n}}", True, "equal wherever both are real", {}),
        ("|x|", "x", False, "different below zero", {}),
        ("\\sqrt{x^2}", "x", False, "different below zero", {}),
    ],
    "marks of emphasis": [
        ("73", "**73**", True, "bold text", {}),
        ("73", "\\mathbf{73}", True, "bold digits", {}),
    ],
}
"""Right answers that were refused, beside wrong ones of the same kind."""

ROWS = [(group, *row) for table in (FALSE_RIGHTS, FALSE_WRONGS) for group, rows in table.items() for row in rows]


@pytest.mark.parametrize(("group", "gold", "answer", "equal", "why", "settings"), ROWS)
def test_known_failure(group: str, gold: str, answer: str, equal: bool, why: str, settings: dict[str, Any]) -> None:
    verdict = verify("math", f"\\boxed{{{answer}}}", gold, {"extract": "boxed", **settings})
    assert verdict["outcome"] == ("correct" if equal else "wrong"), (group, why, verdict)


@pytest.mark.parametrize(
    ("gold", "response", "rule", "outcome", "reason"),
    [
        ("7", "<think>maybe \\boxed{7}</think> The answer is 8.", "boxed", "wrong", "no_answer"),
        ("7", "<think>maybe \\boxed{7}", "boxed", "wrong", "no_answer"),
        ("7", "\\boxed{8}. Wait, so \\boxed{7}", "boxed", "correct", "match"),
        ("8", "\\boxed{8}. Wait, so \\boxed{7}", "boxed", "wrong", "mismatch"),
        ("7", "\\boxed{7} and so \\boxed{}", "boxed", "wrong", "no_answer"),
        ("7", "\\boxed{7} and so \\boxed{7", "boxed", "wrong", "no_answer"),
        ("7", "\\boxed{???} 7", "boxed", "wrong", "unparsable"),
        ("7", "\\fbox{7}", "boxed", "correct", "match"),
        ("7", "\\framebox{7}", "boxed", "correct", "match"),
        ("7", "so \\boxed 7", "boxed", "correct", "match"),
        ("7", "\\boxed{7 \\text{ or } 8}", "boxed", "wrong", "several_answers"),
        ("x^2-4", "Simplify $(x-2)(x+2)$. I will not answer.", "boxed", "wrong", "no_answer"),
        ("x^2-4", "Simplify $(x-2)(x+2)$. I will not answer.", "auto", "wrong", "unparsable"),
        ("7", "The answer is 7.", "auto", "correct", "match"),
        ("7", "\\boxed{" + "9" * 5000 + "}", "boxed", "wrong", "over_limits"),
        ("7", "\\boxed{10^{10^{10}}}", "boxed", "wrong", "over_limits"),
        ("\\frac{1}{", "\\boxed{5}", "boxed", "undecided", "bad_reference"),
    ],
)
def test_where_the_answer_is(gold: str, response: str, rule: str, outcome: str, reason: str) -> None:
    verdict = verify("math", response, gold, {"extract": rule})
    assert (verdict["outcome"], verdict["reason"]) == (outcome, reason)
