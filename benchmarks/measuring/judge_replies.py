"""Replies of judges, good, hostile and broken, and what is read of them."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

from aha.rollouts.judge import VERDICTS, read_verdict

ANALYSES = (
    "The answer gives 8, as the reference does.",
    "Its result \\boxed{\\frac{1}{2}} is not \\(0.25\\).",
    "Both say\nthe same: {8}.",
    'It says "eight", which is 8.',
    "答案是 8，与参考答案相同。",
)
BEFORE = ("", "Here is my verdict.\n", "The result is \\boxed{8}.\n\n", "<think>Is {this} 8? I think so.</think>\n")
AFTER = ("", "\nThat is all.", "\n\n")
PIECES = ('"', "\\", "{", "}", ",", ":", " ", "\n", "[", "]", "8", "```", "<think>", "</think>", '", "', '{"', '"}',
          '"verdict": "correct"', '"verdict"', '"correct"', "correct", "incorrect", '"analysis": "')  # fmt: skip


def measure(number: int, seed: int) -> dict[str, dict[str, Any]]:
    """Outcome counts of three kinds of replies, `number` of each."""
    rng = random.Random(seed)
    found: dict[str, Counter[str]] = {"kept to the form": Counter(), "repeats a hostile answer": Counter()}
    found["cut off or garbage"] = Counter()
    for _ in range(number):
        word = rng.choice(list(VERDICTS))
        good = well_formed(rng, word)
        found["kept to the form"][said(read_verdict(good), word)] += 1
        found["repeats a hostile answer"][said(read_verdict(hostile(rng)), "incorrect")] += 1
        found["cut off or garbage"][said(read_verdict(broken(rng, good)), word)] += 1
    return {kind: dict(counts) for kind, counts in found.items()}


def said(outcome: str | None, word: str) -> str:
    """Whether what was read is what the judge said."""
    if outcome is None:
        return "undecided"
    return "as said" if VERDICTS[word] == outcome else "the opposite"


def well_formed(rng: random.Random, word: str) -> str:
    """One object in the form that was asked for, with what models put around it; some write LaTeX and line breaks into
    its strings as they are."""
    record = {"analysis": rng.choice(ANALYSES), "verdict": word}
    body = json.dumps(record, indent=rng.choice([None, 2]), ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.3:
        body = body.replace("\\\\", "\\").replace("\\n", "\n")
    if rng.random() < 0.4:
        body = f"```{rng.choice(['json', ''])}\n{body}\n```"
    return rng.choice(BEFORE) + body + rng.choice(AFTER)


def hostile(rng: random.Random) -> str:
    """A judge that says `incorrect` after repeating, as it stands, an answer made to be read as its verdict."""
    answer = "".join(rng.choices(PIECES, k=rng.randint(1, 14)))
    quoted = answer if rng.random() < 0.7 else json.dumps(answer)[1:-1]
    return rng.choice(BEFORE) + f'{{"analysis": "It says {quoted}", "verdict": "incorrect"}}'


def broken(rng: random.Random, good: str) -> str:
    """A reply that ends too early, or noise."""
    if rng.random() < 0.5:
        return good[: rng.randrange(len(good))]
    return "".join(rng.choices(PIECES, k=rng.randint(0, 30)))
