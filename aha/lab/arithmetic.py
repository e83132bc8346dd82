"""Chains of whole-number arithmetic, bare and as word problems."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import add, mul, sub
from random import Random

from aha.lab.names import THINGS, person
from aha.lab.phrases import Language
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe, slipped
from aha.types import VerifierSpec

Node = int | tuple[str, "Node", "Node"]
"""A number, or (operator, left, right)."""

APPLY: dict[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul}

ASK: dict[Language, list[str]] = {
    "en": [
        "What is {}?",
        "Calculate {}.",
        "Work out {}.",
        "Find {}.",
        "{} =",
        "Give the value of {} .",
        "Compute the following: {} =",
        "Here is a small problem: {} = ?",
    ],
    "ko": ["{} 는 얼마인가?", "{} 를 계산하라.", "{} 의 값은?"],
    "ru": ["Сколько будет {}?", "Вычисли {}."],
}


def evaluate(node: Node) -> int:
    """The exact value."""
    if isinstance(node, int):
        return node
    operator, left, right = node
    return APPLY[operator](evaluate(left), evaluate(right))


def render(node: Node) -> str:
    """Infix text with the parentheses that precedence needs."""
    if isinstance(node, int):
        return str(node)
    operator, left, right = node

    def side(child: Node, is_right: bool) -> str:
        loose = isinstance(child, tuple) and child[0] in "+-" and (operator == "*" or (is_right and operator == "-"))
        return f"({render(child)})" if loose else render(child)

    return f"{side(left, False)}{operator}{side(right, True)}"


def work(node: Node, scribe: Scribe) -> int:
    """Write one equation an operation, inner ones first; returns the value reached."""
    if isinstance(node, int):
        return node
    operator, left, right = node
    return operation(scribe, operator, work(left, scribe), work(right, scribe))


def operation(scribe: Scribe, operator: str, a: int, b: int) -> int:
    """Write `a operator b` as one goes about it: a sign before a sign is resolved, a product of long numbers is taken
    apart (`23*14=23*10+23*4=230+92=322`) and gets its sign at the end."""
    value = APPLY[operator](a, b)
    if operator != "*" and b < 0:
        turned = "-" if operator == "+" else "+"
        return scribe.equation(f"{a}{operator}{b}={a}{turned}{-b}", value)
    if operator != "*" or min(abs(a), abs(b)) < 10:
        return scribe.equation(f"{a}{operator}{b}", value)
    x, y = abs(a), abs(b)
    tens, ones = y - y % 10, y % 10
    split = f"{x}*{tens}+{x}*{ones}={x * tens}+{x * ones}" if ones else f"{x}*{tens // 10}*10={x * (tens // 10)}*10"
    product = scribe.equation(f"{x}*{y}={split}", x * y)
    return product if a > 0 and b > 0 else scribe.equation(f"{a}*{b}", product if (a < 0) == (b < 0) else -product)


def left_to_right(node: Node) -> int:
    """The value that haste gives: operators applied in reading order, precedence forgotten."""
    first, *pairs = _tokens(render(node))
    value = int(first)
    for operator, number in zip(pairs[::2], pairs[1::2], strict=True):
        value = APPLY[operator](value, int(number))
    return value


def _tokens(text: str) -> list[str]:
    """Numbers, with a sign where one stands, and the operators between them; parentheses left out."""
    return re.findall(r"(?<![\d])-?\d+|[-+*]", text.replace("(", "").replace(")", ""))


def expression(rng: Random, steps: int, wide: bool) -> Node:
    """A random expression of `steps` operations whose parts stay between 0 and 999 (`wide`: larger numbers)."""
    low, high = (100, 400) if wide else (1, 60)

    def term() -> int:
        return rng.randint(low, high)

    def multiple() -> Node:
        return ("*", rng.randint(12, 99) if wide else rng.randint(2, 30), rng.randint(2, 9))

    while True:
        node: Node = multiple() if rng.random() < 0.67 else (rng.choice("+-"), term(), term())
        used = 1
        while used < steps:
            if steps - used >= 2 and rng.random() < 0.5:
                node, used = (rng.choice("+-"), node, multiple()), used + 2
            elif rng.random() < 0.15 and evaluate(node) <= 60:
                node, used = ("*", node, rng.randint(2, 6)), used + 1
            else:
                node, used = (rng.choice("+-"), node, term()), used + 1
        if all(0 <= value <= 999 for value in _values(node)):
            return node


def chain(rng: Random, steps: int) -> Node:
    """A chain of additions and subtractions that may fall below zero, some of it in parentheses."""
    top = rng.choice([9, 99, 99, 400])
    node: Node = rng.randint(1, top)
    for _ in range(steps):
        if rng.random() < 0.15:
            inner: Node = (rng.choice("+-"), rng.randint(top // 2, top), rng.randint(1, max(1, top // 2)))
            node = (rng.choice("+-"), node, inner)
        else:
            node = (rng.choice("+-"), node, rng.randint(1, top))
    return node


def signed(rng: Random, steps: int) -> Node:
    """An expression of `steps` operations over numbers of either sign, products of two-digit numbers among them."""

    def literal() -> int:
        top = rng.choice([9, 99])
        return rng.randint(-top, top) or 1

    while True:
        node: Node = literal()
        for _ in range(steps):
            other: Node = literal()
            node = (rng.choice("+-*"), node, other) if rng.random() < 0.7 else (rng.choice("+-"), other, node)
        if all(abs(value) < 10_000 for value in _values(node)):
            return node


def _values(node: Node) -> list[int]:
    return [node] if isinstance(node, int) else [evaluate(node), *_values(node[1]), *_values(node[2])]


def hasty_number(rng: Random, value: int, tempting: int) -> str:
    """A wrong number: most often the tempting one, else something near the right one."""
    if tempting != value and rng.random() < 0.5:
        return str(tempting)
    guess = value + rng.choice([-20, -12, -9, -7, -5, -4, -3, 3, 4, 6, 7, 8, 11, 20, 30])
    return str(guess if guess != value else slipped(rng, value))


def arithmetic(rng: Random, language: Language, *, steps: int = 0, wide: bool = False) -> Puzzle:
    """A bare expression of `steps` operations (0: two to four): six in ten with parts from 0 to 999, the others chains
    that may fall below zero, or numbers of either sign."""
    num_steps = steps or rng.choice([2, 2, 3, 3, 4])
    make = None if wide else rng.choices([None, chain, signed], [0.6, 0.2, 0.2])[0]
    node = make(rng, min(num_steps, 3) if make is signed and not steps else num_steps) if make else None
    node = node or expression(rng, num_steps, wide)
    key = render(node)
    shown = spaced(rng, key) if rng.random() < 0.45 else key
    return _puzzle(
        "arithmetic", key, rng.choice(ASK[language]).format(shown), language, node, num_steps, evaluate(node)
    )


def spaced(rng: Random, text: str) -> str:
    """The expression with spaces around its operators; now and then all of it in parentheses, inner spaces too."""
    loose = " ".join(re.findall(r"(?<![\d)])-?\d+|[-+*()]", text))
    if rng.random() < 0.2:
        return f"( {loose} )"
    return loose if rng.random() < 0.5 else loose.replace("( ", "(").replace(" )", ")")


def _puzzle(family: str, key: str, question: str, language: Language, node: Node, steps: int, value: int) -> Puzzle:
    tempting = left_to_right(node)
    if tempting == value and isinstance(node, tuple):
        tempting = evaluate(node[1])
    return Puzzle(
        family=family,
        key=key,
        question=question,
        language=language,
        answer=str(value),
        reference=str(value),
        verifier=VerifierSpec("number"),
        difficulty=steps,
        work=lambda scribe: str(work(node, scribe)),
        haste=lambda rng: hasty_number(rng, value, tempting),
    )


STORIES: dict[Language, list[str]] = {
    "en": [
        "{name} buys {a} {thing} at {b} dollars each and {c} {other} at {d} dollars each. How many dollars in all?",
        "{name} packs {a} boxes of {b} {thing} and {c} boxes of {d} {other}. How many things are packed?",
    ],
    "ko": ["{name} 는 {thing} {a} 개를 {b} 원씩, {other} {c} 개를 {d} 원씩 샀다. 모두 몇 원인가?"],
    "ru": ["{name}: {a} {thing} по {b} рублей и {c} {other} по {d} рублей. Сколько всего рублей?"],
}
CHANGE: dict[Language, list[str]] = {
    "en": ["{name} has {e} dollars and buys {a} {thing} at {b} dollars each. How many dollars are left?"],
    "ko": ["{name} 는 {e} 원으로 {thing} {a} 개를 {b} 원씩 샀다. 얼마가 남았나?"],
    "ru": ["{name} имеет {e} рублей и берёт {a} {thing} по {b} рублей. Сколько осталось?"],
}


def story(rng: Random, language: Language) -> Puzzle:
    """A word problem about prices or boxes."""
    a, b, c, d = (rng.randint(2, 12) for _ in range(4))
    thing, other = rng.sample(THINGS[language], 2)
    words = {"name": person(rng, language), "thing": thing, "other": other, "a": a, "b": b, "c": c, "d": d}
    if rng.random() < 0.5:
        node: Node = ("+", ("*", a, b), ("*", c, d))
        question = rng.choice(STORIES[language]).format(**words)
        return _puzzle("story", f"{a}*{b}+{c}*{d}", question, language, node, 3, evaluate(node))
    e = a * b + rng.randint(1, 60)
    node = ("-", e, ("*", a, b))
    question = rng.choice(CHANGE[language]).format(e=e, **words)
    return _puzzle("story", f"{e}-{a}*{b}", question, language, node, 2, evaluate(node))
