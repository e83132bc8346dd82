"""Text that a policy might write to break a grader: built by recipe from a seed, graded by ours, never executed."""

from __future__ import annotations

import random
import resource
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from benchmarks.measuring.graders import quantile

Recipe = Callable[[random.Random], str]
NUM_SLOWEST = 10
CANARY = "aha_hostile_canary"
PAYLOADS = (
    f"__import__('os').system('touch /tmp/{CANARY}')",
    f'exec(\'open("/tmp/{CANARY}", "w")\')',
    f"eval(compile('open(\"/tmp/{CANARY}\",\"w\")','','exec'))",
    f"[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0](['touch', '/tmp/{CANARY}'])",
    "().__class__.__bases__[0].__subclasses__()",
    "x.__class__.__mro__[1].__init__.__globals__",
    "{0.__class__.__init__.__globals__}",
    "%(x)s%n%n%n",
    "lambda: (yield)",
    "sympify('2+2')",
    "Symbol('x').subs('x', '__import__(\"os\")')",
    "\\input{/etc/passwd}",
    "\\write18{id}",
    "\\def\\x{\\x\\x}\\x",
    "\\newcommand{\\a}{\\a\\a}\\a",
    "\\csname end\\endcsname",
    "{{7*7}}${7*7}<%=7*7%>",
    "${jndi:ldap://127.0.0.1/x}",
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "!!python/object/apply:os.system ['id']",
    "cos\nsystem\n(S'id'\ntR.",
    "file:///etc/passwd",
    "{1..10000000}",
)
NUMBERS = (
    *("10^{10^{10}}", "9^{9^{9}}", "9**9**9**9", "2^{2^{2^{2^{2^{2}}}}}", "(10^9)!", "((10)!)!", "5!!!!!", "3!!!!!!!!"),
    *("\\binom{10000000}{5000000}", "\\sum_{k=1}^{1000000000} k^k", "\\prod_{k=1}^{1000000} k", "1e999999999"),
    *("1.5 \\times 10^{99999999999}", "10^{-10^{9}}", "0.\\overline{3}", "\\int_0^1 x^x dx", "\\lim_{x\\to0} x"),
    *("\\sqrt[1000000]{2}", "\\sqrt[0]{2}", "1/0", "0^0", "0/0", "\\frac{0}{0}", "(-1)^{1/3}", "i^{i^{i}}", "\\log 0"),
    *("1_{99999999999}", "ZZZ_{36}", "10_{1}", "10_{0}", "10_{-2}", "\\infty - \\infty", "\\pm\\pm\\pm 1", "1e400"),
    *(
        "\\tan(10^{100})",
        "\\sin(10^{300})",
        "x^{10000}(x+1)^{10000}",
        "(a+b+c+d+e)^{200}",
        "999999999999!/999999999998!",
    ),
    *(
        "10^{10^{10}} - 10^{10^{10}}",
        "2^{1000000}",
        "2^{-1000000}",
        "3^{3^{20}}",
        "7^{1/1000000007}",
        "\\Gamma(10^{9})",
    ),
)
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u202e\u202d\u2066\u2069\u061c\u00ad\u180e"
CONTROLS = "\x00\x01\x07\x08\x0b\x0c\x1b\x7f\x85\u2028\u2029"
SURROGATES = "\ud800\udfff\udbff\udc00"
WIDE = "\ufdfa½²①㎏ﬁ𝟕１２½Ⅷ٣๓०一\U0010ffff\u0301\u0489"
PIECES = (
    *(
        "\\frac",
        "\\frac{1}",
        "\\sqrt",
        "\\left(",
        "\\right)",
        "\\begin{pmatrix}",
        "\\end{pmatrix}",
        "\\\\",
        "&",
        "{",
        "}",
    ),
    *("(", ")", "[", "]", "\\{", "\\}", "^", "_", "^{", "_{", "+", "-", "*", "/", "=", "<", "\\le", ",", ";", ":", "."),
    *(
        "\\pi",
        "e",
        "i",
        "x",
        "y",
        "\\infty",
        "\\cup",
        "\\pm",
        "\\%",
        "%",
        "\\$",
        "$",
        "^\\circ",
        "!",
        "|",
        "'",
        "\\text{",
    ),
    *("0", "1", "2", "3", "7", "12", "0.5", "1,000", "1/2", "cm", " or ", " and ", "\\in", "\\mathbb{R}", "\\ldots"),
    *("\\sin", "\\log", "\\ln", "\\binom", "\\overline{", "\\mathrm{e}", "\\boxed{", "\\times", "\\cdot", "~", "\\,"),
)
BAIT = (
    "a" * 40 + "!",
    "1 " * 60 + "x",
    "\\frac{" * 30,
    "{" * 60,
    "0" * 60 + ".",
    "1," * 60,
    "((a|a)*)*b",
    "\\( x " * 40,
    "x=" * 60,
)
PAIRS = (
    *(("(", ")"), ("{", "}"), ("[", "]"), ("\\frac{1}{1+", "}"), ("\\sqrt{", "}"), ("x^{", "}"), ("-", ""), ("|", "|")),
    *(("\\left(", "\\right)"), ("\\{", "\\}"), ("\\text{", "}"), ("2^", ""), ("\\sin ", ""), ("1/", ""), ("", "!")),
)
WRAPS = ("{}", "\\text{{{}}}", "${}$", "\\frac{{{}}}{{7}}", "({})", "\\{{{}\\}}", "[{}, 7)", "x = {}", "7 + {}", "{}^2")
REFERENCES = (
    *(
        "7",
        "\\frac{1}{2}",
        "3.14",
        "50\\%",
        "12 \\text{ cm}",
        "\\$1,250",
        "1.5 \\times 10^8",
        "2\\sqrt{3}",
        "\\frac{\\pi}{4}",
    ),
    *(
        "3 + 4i",
        "2:3",
        "[0, 1)",
        "(-\\infty, 2] \\cup [5, \\infty)",
        "\\{1, 2, 3\\}",
        "(3, 4)",
        "1, 2, 3",
        "x^2 + 2x + 1",
    ),
    *("\\begin{pmatrix} 1 & 2 \\\\ 3 & 4 \\end{pmatrix}", "y = 2x + 1", "x < 3", "\\pm 2", "52_8", "45^\\circ", "6:30"),
    *("\\text{even}", "C", "\\sin x \\cos x", "\\frac{x+1}{x-1}", "1 - \\frac{1}{e}", "2^{100}", "\\frac{1}{2004!}"),
)
"""One gold answer of each type."""


def hostile_strings(count: int, seed: int = 0, recipes: Sequence[Recipe] = ()) -> Iterator[tuple[str, str]]:
    """(answer, reference) pairs; every recipe takes its turn, all of them where none is named."""
    draw = random.Random(seed)
    chosen = recipes or RECIPES
    for turn in range(count):
        recipe = chosen[turn % len(chosen)]
        yield recipe(draw), REFERENCES[draw.randrange(len(REFERENCES))]


def _wrapped(draw: random.Random, text: str) -> str:
    for _ in range(draw.randrange(3)):
        text = draw.choice(WRAPS).format(text)
    return text


def _payload(draw: random.Random) -> str:
    return _wrapped(draw, draw.choice(PAYLOADS))


def _number(draw: random.Random) -> str:
    joined = draw.choice(("+", "^", " \\cdot ", "", ",", "-")).join(draw.choices(NUMBERS, k=1 + draw.randrange(3)))
    return _wrapped(draw, joined)


def _soup(draw: random.Random) -> str:
    return "".join(draw.choices(PIECES, k=1 + draw.randrange(60)))


def _damaged(draw: random.Random) -> str:
    """A reference with a few characters lost, doubled, swapped or made strange."""
    letters = list(draw.choice(REFERENCES) * (1 + draw.randrange(2)))
    for _ in range(1 + draw.randrange(4)):
        place = draw.randrange(len(letters))
        strange = draw.choice(INVISIBLE + CONTROLS + SURROGATES + WIDE + "{}()[]\\^_-+=,.0123456789xie ")
        letters[place] = draw.choice(("", letters[place] * 2, strange, letters[place] + strange))
    return "".join(letters)


def _strange(draw: random.Random) -> str:
    return "".join(draw.choices(INVISIBLE + CONTROLS + SURROGATES + WIDE + "17x(){}\\", k=1 + draw.randrange(80)))


def _deep(draw: random.Random) -> str:
    left, right = draw.choice(PAIRS)
    depth = draw.choice((5, 20, 60, 150, 300))
    closing = right * draw.choice((depth, depth, depth - 1, 0))
    return left * depth + "7" + closing


def _bait(draw: random.Random) -> str:
    return _wrapped(draw, draw.choice(BAIT) * (1 + draw.randrange(3)))


def _long(draw: random.Random) -> str:
    unit = draw.choice(
        (*PIECES, *WIDE, *INVISIBLE, "\\frac{1}{2}+", "1,", "x+", "9", "-", "(1,2),", "\\pm 1 ", "1 or ")
    )
    return unit * (draw.choice((200, 600, 1500)) // len(unit) + 1)


def _spread(draw: random.Random) -> str:
    """A right answer with characters that nobody sees between its own."""
    return "".join(letter + draw.choice(INVISIBLE + CONTROLS) for letter in draw.choice(REFERENCES))


def _guesses(draw: random.Random) -> str:
    return draw.choice((" or ", ", ", " and ", "; ", " = ", " \\approx ", "\\\\", " ")).join(
        draw.choices(REFERENCES, k=2)
    )


RECIPES: tuple[Recipe, ...] = (
    *(_payload, _number, _soup, _damaged, _strange, _deep, _bait, _soup, _damaged, _spread, _guesses, _long),
)
GIANTS: tuple[str, ...] = (
    *(
        "(" * 100_000,
        "(" * 50_000 + "7" + ")" * 50_000,
        "{" * 100_000,
        "\\frac{" * 20_000,
        "9" * 1_000_000,
        "0." + "3" * 900_000,
    ),
    *(
        "\\left(" * 20_000,
        "1," * 100_000,
        "\\( x" * 20_000,
        "9 " * 100_000,
        "\ufdfa" * 50_000,
        "½" * 300_000,
        "7" + "!" * 100_000,
    ),
    *(
        "-" * 100_000 + "7",
        "\u200b" * 900_000 + "7",
        "\\text{" * 30_000 + "7" + "}" * 30_000,
        "x^" * 100_000 + "2",
        "\x00" * 100_000,
    ),
    *("\\begin{pmatrix}" * 10_000, "&" * 100_000, "\\\\" * 100_000, "$" * 100_000, "\\boxed{" * 20_000, "1/" * 100_000),
)
"""Up to a million characters each: the limits before parsing must hold them."""


def responses(answer: str) -> tuple[tuple[str, str], ...]:
    """(response, extraction rule): the answer where each rule looks for it."""
    return (
        (f"\\boxed{{{answer}}}", "boxed"),
        (f"<think>so</think><answer>{answer}</answer>", "answer_tag"),
        (answer, "auto"),
    )


def attack(count: int) -> dict[str, Any]:
    """Grade `count` hostile strings and the giants here, in this process: outcomes, reasons, seconds, memory."""
    from aha.verifiers import verify

    outcomes: Counter[str] = Counter()
    seconds = array("d")
    slowest: list[tuple[float, str, str]] = []
    peak_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pairs = [(giant, "7") for giant in GIANTS]
    for turn, (answer, reference) in enumerate(chain(pairs, hostile_strings(count))):
        response, rule = responses(answer)[turn % 3]
        start = time.process_time()
        try:
            verdict = verify("math", response, reference, {"extract": rule})
        except Exception as error:  # a worker would call it undecided; here it is counted by name
            verdict = {"outcome": "undecided", "reason": f"crash, {type(error).__name__}"}
        seconds.append(time.process_time() - start)
        outcomes[f"{verdict['outcome']}: {verdict['reason']}"] += 1
        if len(slowest) < NUM_SLOWEST or seconds[-1] > slowest[-1][0]:
            slowest = sorted([*slowest, (seconds[-1], ascii(answer[:80]), reference)], reverse=True)[:NUM_SLOWEST]
    peak_after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "num_strings": len(seconds),
        "outcomes": dict(outcomes.most_common()),
        "seconds": {"mean": sum(seconds) / len(seconds), "p99": quantile(seconds, 0.99), "max": max(seconds)},
        "slowest": slowest,
        "memory_growth_bytes": (peak_after - peak_before) * 1024,
    }
