"""A stand-in for writers and judges of the lab: it knows the puzzles' working and the hidden preference, and errs in
one answer of ten.

What it is asked for stands in `WordsRequest.use`, and what it answers from in `facts`; it reads no prompt. Uses:
`answer`, `rewrite` (facts of the problem: `problem_facts`), `thought` (`category`, `language`), `judge` (the problem's,
`response`, `replies` by `correct` and `wrong`), `compare` (the problem's, `first`, `second`, `replies` by `2`, `1`,
`0`, `-1`, `-2`, where 2 says that the first is much better), `safety` (the problem's, `response`, `replies` by `safe`
and `unsafe`). `replies` holds the words of each verdict, as whoever asks reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from aha.engines.words import WordsReply, WordsRequest, request_key
from aha.lab.families import FAMILIES, seen
from aha.lab.phrases import Language
from aha.lab.preferences import is_safe, preference, served
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.lab.tasks import to_problem
from aha.runtime.seeds import seed_of
from aha.text.answers import final_text
from aha.text.response import Response, join_response, split_response
from aha.types import JUDGE, Json, Problem, VerifierSpec
from aha.verifiers import VERIFIERS, verify

ERROR_RATE = 0.1
MAX_PUZZLES = 60_000
"""Puzzles of a task that are looked through for one."""
MAX_TRIES = 20
"""Workings that are tried for one that is right, or has a slip."""
SUMMARIES: dict[Language, list[str]] = {
    "en": ["The answer is <answer>{}</answer>.", "So it is <answer>{}</answer>."],
    "ko": ["답은 <answer>{}</answer>."],
    "ru": ["Ответ <answer>{}</answer>."],
}
PLANS: dict[Language, dict[str, str]] = {
    "en": {
        "writing": "They want a text. I use what they name and add nothing.",
        "questions": "They ask for a fact. It stands in the question, so I read it there.",
        "self-knowledge": "They ask who I am. I say that I am a small language model.",
        "translation": "They want a translation. I give the phrase in the other language.",
        "role-play": "They want a role. I speak as that person would.",
        "greeting": "They say hello. I greet them back.",
        "instructions": "They say how the answer must look. I keep to that form.",
        "unsafe": "This would harm somebody. I will not help with it.",
        "harmless": "This sounds harmless. I am glad to help.",
        "other": "They ask for something. I answer it in a few words.",
    },
    "ko": {
        "self-knowledge": "누구인지 묻는다. 나는 작은 언어 모델이라고 말한다.",
        "greeting": "인사를 한다. 나도 인사를 한다.",
        "other": "무엇을 원하는지 본다. 짧게 답한다.",
    },
    "ru": {
        "self-knowledge": "Спрашивают, кто я. Я маленькая языковая модель.",
        "greeting": "Это привет. Я тоже говорю привет.",
        "other": "Меня просят ответить. Я отвечаю коротко.",
    },
}
"""What one thinks before an answer, by category."""


@dataclass(slots=True)
class ScriptedWords:
    """The stand-in; what it errs on depends on the request alone. A request about a puzzle that is none of the lab's is
    `aborted`."""

    _found: dict[str, Puzzle] = field(default_factory=dict)
    _streams: dict[tuple[str, int], Iterator[tuple[str, Puzzle]]] = field(default_factory=dict)

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        """One after another."""
        for place, request in enumerate(requests):
            rng = Random(seed_of("scripted", request_key(request, "scripted")))
            text = self._answer(request, rng, rng.random() < ERROR_RATE)
            if text is None:
                yield place, WordsReply("", 0, "aborted", "the stand-in knows the lab's puzzles alone")
            else:
                yield place, WordsReply(text, len(text.split()), "stop")

    def _answer(self, request: WordsRequest, rng: Random, is_error: bool) -> str | None:
        facts = request.facts
        if request.use == "thought":
            return plan(facts["category"], facts["language"], rng, is_error)
        if request.use in ("answer", "rewrite"):
            puzzle = self._puzzle(facts)
            return None if puzzle is None else solution(puzzle, rng, is_error)
        verdict = {"judge": judged, "compare": compared, "safety": labelled}[request.use](facts, rng, is_error)
        return str(facts["replies"][verdict])

    def _puzzle(self, facts: Mapping[str, Json]) -> Puzzle | None:
        """The puzzle behind a problem's facts; its task's puzzles are made one by one until it comes."""
        task, seed = str(facts["source"]).partition("/")[0], int(facts.get("seed", 0))
        stream = self._streams.setdefault((task, seed), puzzles(task, seed))
        while facts["id"] not in self._found:
            made = next(stream, None)
            if made is None:
                return None
            self._found.setdefault(*made)
        return self._found[facts["id"]]


def puzzles(task: str, seed: int) -> Iterator[tuple[str, Puzzle]]:
    """Problem ids and puzzles of `lab:mixed` or `lab:FAMILY`, in the task's order."""
    family = task.removeprefix("lab:")
    rng = Random(seed_of(seed, task))
    for _ in range(MAX_PUZZLES if family in ("mixed", *FAMILIES) else 0):
        puzzle = seen(rng, family)
        yield to_problem(puzzle, task).id, puzzle


def solution(puzzle: Puzzle, rng: Random, is_error: bool) -> str:
    """A worked thought with re-checks and a summary; an error is a slip that was left standing, else a guess."""
    slip_rate, recheck_rate = (0.4, 0.0) if is_error else (0.05, 0.3)
    for _ in range(MAX_TRIES):
        scribe = Scribe(rng, puzzle.language, slip_rate, recheck_rate)
        scribe.phrase("open")
        answer = puzzle.work(scribe)
        if (answer != puzzle.answer) == is_error:
            break
    else:
        answer = puzzle.haste(rng) if is_error else puzzle.answer
    scribe.phrase("so", answer)
    return join_response(Response(scribe.text, rng.choice(SUMMARIES[puzzle.language]).format(answer)))


def plan(category: str, language: str, rng: Random, is_error: bool) -> str:
    """A thought before a general answer; an error is in another language, or about something else."""
    own: Language = language if language in PLANS else "en"
    kind = category if category in PLANS[own] else "other"
    if not is_error:
        return PLANS[own][kind]
    if rng.random() < 0.5:
        others = [code for code in PLANS if code != own]
        return PLANS[rng.choice(others)]["other"]
    return PLANS[own][rng.choice([other for other in PLANS[own] if other != kind])]


def judged(facts: Mapping[str, Json], rng: Random, is_error: bool) -> str:
    """`correct` or `wrong`: by the problem's verifier, by what serves the request, or by the reference as text."""
    return "correct" if is_right(facts) != is_error else "wrong"


def is_right(facts: Mapping[str, Json]) -> bool:
    """Whether `response` answers the problem."""
    reference, response = facts["reference"], str(facts["response"])
    if isinstance(reference, dict) and "contents" in reference:
        return served(final_text(response) or "", reference)
    name, arguments = facts["verifier"], dict(facts["arguments"])
    if name not in VERIFIERS or name == JUDGE:
        name = "number" if str(reference).lstrip("-").isdecimal() else "exact"
        arguments = {"extract": "auto"}
    return bool(verify(name, response, reference, arguments)["outcome"] == "correct")


def compared(facts: Mapping[str, Json], rng: Random, is_error: bool) -> str:
    """Which of two answers is preferred, and how clearly: `2` (the first, clearly) to `-2`."""
    values = []
    for text in (str(facts["first"]), str(facts["second"])):
        found = split_response(text)
        values.append(preference(found.summary if found else text, facts["reference"]))
    difference = values[0] - values[1]
    verdict = (difference > 0) - (difference < 0)
    verdict *= 2 if abs(difference) >= 1 else 1
    if is_error:
        verdict = -verdict if verdict else rng.choice([-1, 1])
    return str(verdict)


def labelled(facts: Mapping[str, Json], rng: Random, is_error: bool) -> str:
    """`safe` or `unsafe`, of a whole response."""
    problem = Problem("", "", [], facts["reference"], VerifierSpec("none"))
    return "safe" if is_safe(problem, str(facts["response"])) != is_error else "unsafe"
