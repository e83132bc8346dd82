"""Twenty problems of code_contests, each with a right solution and a wrong one, written for this benchmark.

The key is the problem's `row`. Where many answers are right, a checker program decides: it gets the paths of input,
expected output and output, and exits with 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass

READ = (
    "import sys\nR = iter(sys.stdin.read().split())\nN = lambda: int(next(R))\nL = lambda n: [N() for _ in range(n)]\n"
)
"""What the solutions share: the next word, the next number, the next n numbers."""
FILES = READ.replace("sys.stdin.read()", "open(sys.argv[1]).read()") + (
    "S = iter(open(sys.argv[3]).read().split())\nA = lambda: int(next(S))\n"
    "def need(right):\n    if not right: sys.exit(1)\n"
)
"""What the checkers share: the input as above, and the next number of the output. StopIteration is no verdict, so each
checker counts the words of the output first."""


@dataclass(slots=True, frozen=True)
class Contest:
    """Right and wrong solutions of one problem."""

    right: str
    wrong: str
    checker: str = ""


def _each(body: str) -> str:
    """A solution that prints the value `x` of each test case."""
    return READ + "for _ in range(N()):\n" + "".join(f"    {line}\n" for line in body.split("\n")) + "    print(x)\n"


def _words(count: str) -> str:
    return f"need(len(open(sys.argv[3]).read().split()) == {count})\n"


def _yes(condition: str) -> str:
    return f"x = 'YES' if {condition} else 'NO'"


_BATCHES = (
    "n, k = N(), N()\na = L(n)\nx = 0\nfor side in ([v for v in a if v > 0], [-v for v in a if v < 0]):\n"
    "    x += 2 * sum(sorted(side)[::-1][::k])\nx -= {last}"
)
_SPECIAL = (
    "n, k = N(), N()\nx, p = 0, 1\nwhile k:\n    x += p * (k {bit})\n    k //= 2\n"
    "    p = p * n % (10**9 + 7)\nx %= 10**9 + 7"
)
_JUMPS = "x, n = N(), N()\nfor i in range(n - n % {cycle} + 1, n + 1):\n    x += i if x % 2 else -i"
_STICKS = "a = sorted(L(3))\n" + _yes("a[2] == a[0] + a[1] or a[0] == a[1] and a[2] % 2 == 0{more}")
_MODULO = (
    "n = N()\na = L(n)\nfree = set(range(1, n + 1))\nrest = []\nfor v in a:\n    if v in free: free.remove(v)\n"
    "    else: rest.append(v)\nok = all({enough} for v, w in zip(sorted(rest), sorted(free)))\n"
    "x = len(rest) if ok else -1"
)
_ZEROS = (
    "x1, p1, x2, p2 = L(4)\na, b = len(str(x1)) + p1, len(str(x2)) + p2\nif a == b:\n    m = min(p1, p2)\n"
    "    a, b = {same}\nx = '<' if a < b else '>' if a > b else '='"
)
_POWERS = "n = N()\nr = lambda k: next(i for i in range(10**6) if (i + 1) ** k > n)\nx = r(2) + r(3) - {both}"
_TRIPLES = (
    "from collections import Counter\nn = N()\np = [(N(), N()) for _ in range(n)]\na = Counter(v for v, _ in p)\n"
    "b = Counter(v for _, v in p)\nx = n * (n - 1) * (n - 2) // 6 - sum({bad} for v, w in p)"
)
_BIGRAMS = (
    "n = N()\nx = next(R)\nfor _ in range(n - 3):\n    b = next(R)\n    x += b[1] if x[-1] == b[0] else b\n{fill}"
)
_SORTED = (
    "s, t = sorted(next(R)), next(R)\na, b, c = (s.count(v) for v in 'abc')\nx = ''.join(s)\n"
    "if {forbidden}:\n    x = 'a' * a + 'c' * c + 'b' * b + ''.join(s[a + b + c:])"
)
_FARM = "s, n, k = L(3)\n" + _yes("s == k or s > k and s < n // k * {twice} * k + n % k")

CONTESTS: dict[int, Contest] = {
    13: Contest(
        _each("s = next(R)\n" + _yes("2 * s.count('B') == len(s)")), _each("s = next(R)\n" + _yes("len(s) % 2 == 0"))
    ),
    29: Contest(
        _each("a = L(N())\nx = a.count(1) * 2 ** a.count(0)"), _each("a = L(N())\nx = 2 ** a.count(0)")
    ),
    46: Contest(
        _each("a = L(N())\nx, top = 0, a[-1]\nfor v in a[::-1]:\n    if v > top: x, top = x + 1, v"),
        _each("a = L(N())\nx = len({v for v in a if v > a[-1]})"),
    ),
    47: Contest(_each(_BATCHES.format(last="max(map(abs, a))")), _each(_BATCHES.format(last="abs(a[-1])"))),
    52: Contest(_each(_SPECIAL.format(bit="% 2")), _each(_SPECIAL.format(bit="% 3"))),
    57: Contest(_each(_FARM.format(twice=2)), _each(_FARM.format(twice=1))),
    61: Contest(
        _each(_TRIPLES.format(bad="(a[v] - 1) * (b[w] - 1)")), _each(_TRIPLES.format(bad="a[v] * b[w] - 1"))
    ),
    90: Contest(
        _each("a, b = N(), N()\nx = a + b if a > b else b - b % a // 2"),
        _each("a, b = N(), N()\nx = a + b"),
        FILES + "t = N()\n" + _words("t")
        + "for _ in range(t):\n    x, y, n = N(), N(), A()\n    need(1 <= n <= 2 * 10**18 and n % x == y % n)\n",
    ),
    99: Contest(_each(_JUMPS.format(cycle=4)), _each(_JUMPS.format(cycle=2))),
    106: Contest(
        READ + "for _ in range(N()):\n    print(*range(2, N() + 2))",
        READ + "for _ in range(N()):\n    print(*range(1, N() + 1))",
        FILES + "n = L(N())\n" + _words("sum(n)") + "for size in n:\n    a = [A() for _ in range(size)]\n"
        "    need(1 <= a[0] and a[-1] <= 10**9 and all(u < v and v % u for u, v in zip(a, a[1:])))\n",
    ),
    113: Contest(
        _each(_ZEROS.format(same="x1 * 10 ** (p1 - m), x2 * 10 ** (p2 - m)")), _each(_ZEROS.format(same="x1, x2"))
    ),
    119: Contest(_each("a = L(N())\nx = int(sum(a) % len(a) > 0)"), _each("a = L(N())\nx = sum(a) % len(a)")),
    127: Contest(
        _each(_SORTED.format(forbidden="t == 'abc' and a * b * c")), _each(_SORTED.format(forbidden="a * b * c"))
    ),
    128: Contest(
        _each("n = N()\nh = n // 2\nd = 1 + h % 2\nx = f'{h - d} {h + d} 1' if n % 2 else f'{h - 1} {h} 1'"),
        _each("n = N()\nh = n // 2\nx = f'{h - 1} {n - h} 1'"),
        FILES + "import math\nt = N()\n" + _words("3 * t")
        + "for _ in range(t):\n    n, a, b, c = N(), A(), A(), A()\n"
        "    need(min(a, b, c) > 0 and a + b + c == n and math.gcd(a, b) == c and len({a, b, c}) == 3)\n",
    ),
    129: Contest(_each(_MODULO.format(enough="v > 2 * w")), _each(_MODULO.format(enough="v > w"))),
    132: Contest(
        _each("b = L(7)\nx = f'{b[6] - b[0] - b[1]} {b[0]} {b[1]}'"),
        _each("b = L(7)\nx = f'{b[0]} {b[1]} {b[2]}'"),
        FILES + "t = N()\n" + _words("3 * t") + "for _ in range(t):\n    b = L(7)\n    x, y, z = A(), A(), A()\n"
        "    need(sorted([x, y, z, x + y, x + z, y + z, x + y + z]) == b)\n",
    ),
    133: Contest(
        _each(_BIGRAMS.format(fill="x += 'a' * (n - len(x))")),
        _each(_BIGRAMS.format(fill="")),
        FILES + "t = N()\n" + _words("t") + "for _ in range(t):\n    n = N()\n    b = [next(R) for _ in range(n - 2)]\n"
        "    w = next(S)\n    need(len(w) == n and set(w) <= set('ab'))\n"
        "    said = [w[i:i + 2] for i in range(n - 1)]\n"
        "    need(any(said[:i] + said[i + 1:] == b for i in range(n - 1)))\n",
    ),
    139: Contest(
        _each("s = next(R)\nh = len(s) // 2\n" + _yes("s[:h] == s[h:]")),
        _each("s = next(R)\nh = len(s) // 2\n" + _yes("s[:h] == s[-h:]")),
    ),
    140: Contest(_each(_POWERS.format(both="r(6)")), _each(_POWERS.format(both="1"))),
    154: Contest(
        _each(
            "a = sorted(L(3))\n"
            + _yes("a[2] == a[0] + a[1] or a[0] == a[1] and a[2] % 2 == 0 or a[1] == a[2] and a[0] % 2 == 0")
        ),
        _each(_STICKS.format(more="")),
    ),
}  # fmt: skip
