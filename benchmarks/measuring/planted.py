"""Clean solutions and questions of public data sets, and the same with one fault put in.

Every fault is made from a clean text, a set seed and another public text; the fault's size varies, and the smallest of
each kind is told in `SIZES`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from aha.rollouts.quality import Candidate
from aha.text.response import Response, join_response, split_response
from aha.types import Problem, Verdict, VerifierSpec
from benchmarks.measuring.labelled import rows

RUN_WORDS = 10
MIN_WORDS = {"near_duplicate": 60}
"""Words that a thought has at least, by the kind of fault; else 30."""
SIZES = {
    "mixed_language": "a quarter to a half of the words, as whole sentences of one of six languages",
    "long_paragraph": "one line of 2,100 to 6,000 characters",
    "code_block": "a program of six lines in a fence, closed or not, named or not",
    "repetition": "the whole thought twice, or one sentence of it five to thirty times",
    "duplicate": "the same text, with other white space in every second one",
    "near_duplicate": "one word in sixty changed or left out",
    "leaked": "twelve to twenty-four words of an item, ten of them letters alone, in other case and punctuation",
}
LANGUAGES = ("de", "es", "fr", "ru", "th", "zh")
CORRECT = Verdict("correct", "", "match")
Plant = Callable[[Candidate, random.Random], Candidate]


def clean() -> list[Candidate]:
    """Solutions of GSM8K's training half, and MGSM's questions (but the English ones) as thoughts in ten languages."""
    found = []
    for number, row in enumerate(rows("gsm8k/train.jsonl")):
        working, _, answer = row["answer"].rpartition("####")
        found.append(made("gsm8k", number, row["question"], re.sub("<<.*?>>", "", working), answer.strip(), "en"))
    for row in rows("mgsm/all_languages.jsonl"):
        if row["lang"] != "en":
            number = f"{row['lang']}-{row['index']}"
            found.append(made("mgsm", number, row["question"], row["question"], row["answer"], row["lang"]))
    return found


def made(source: str, number: object, question: str, thought: str, answer: str, language: str) -> Candidate:
    """A correct response to a question."""
    messages = [{"role": "user", "content": question}]
    problem = Problem(f"{source}-{number}", source, messages, answer, VerifierSpec("number"), language=language)
    text = join_response(Response(thought.strip(), f"\\boxed{{{answer}}}"))
    return Candidate(problem, text, split_response(text), CORRECT, len(text.split()))


def with_thought(candidate: Candidate, thought: str, name: str = "") -> Candidate:
    """The same sample with another thought; `name` makes it one of another problem."""
    assert candidate.response is not None
    response = replace(candidate.response, thought=thought)
    text = join_response(response)
    problem = replace(candidate.problem, id=f"{candidate.problem.id}{name}")
    return replace(
        candidate, problem=problem, text=text, response=response, num_tokens=len(text.split()), sample_index=1
    )


def thought_of(candidate: Candidate) -> str:
    """What was thought."""
    assert candidate.response is not None
    return candidate.response.thought or ""


def planted(kind: str, bases: Sequence[Candidate], number: int, leaked: Sequence[str], seed: int) -> list[Candidate]:
    """`number` samples with one fault; `leaked` holds texts of benchmark items."""
    picker = random.Random(f"{kind} {seed}")
    others = sentences_by_language()
    plants: dict[str, Plant] = {
        "mixed_language": lambda base, rng: mixed(base, rng, others),
        "long_paragraph": lambda base, rng: walled(base, rng, bases),
        "code_block": coded,
        "repetition": repeated,
        "duplicate": duplicated,
        "near_duplicate": nearly,
        "leaked": lambda base, rng: leaking(base, rng, leaked),
    }
    fitting = [base for base in bases if num_words(base) >= MIN_WORDS.get(kind, 30)]
    return [plants[kind](base, picker) for base in picker.sample(fitting, number)]


def num_words(base: Candidate) -> int:
    """Words of letters alone in its thought."""
    return sum(word.isalpha() for word in thought_of(base).split())


def sentences_by_language() -> dict[str, list[str]]:
    """Sentences of MGSM."""
    found: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for row in rows("mgsm/all_languages.jsonl"):
        if row["lang"] in found:
            found[row["lang"]] += [each for each in re.split(r"(?<=[.?!。？])\s*", row["question"]) if len(each) > 20]
    return found


def mixed(base: Candidate, rng: random.Random, others: dict[str, list[str]]) -> Candidate:
    """Sentences of another language, until they are a quarter to a half of the words (of the characters / 3, in
    writing without spaces)."""
    lines = thought_of(base).split("\n")
    language = rng.choice([each for each in LANGUAGES if each != base.problem.language])
    wanted = rng.uniform(0.25, 0.5)
    num_own, num_foreign = len(thought_of(base).split()), 0
    while num_foreign < wanted * (num_own + num_foreign):
        sentence = rng.choice(others[language])
        lines.insert(rng.randint(0, len(lines)), sentence)
        num_foreign += len(sentence) // 3 if language in ("th", "zh") else len(sentence.split())
    return with_thought(base, "\n".join(lines), "-mixed")


def walled(base: Candidate, rng: random.Random, bases: Sequence[Candidate]) -> Candidate:
    """Other solutions in the same line, until it is long."""
    line, wanted = thought_of(base).replace("\n", " "), rng.randint(2_100, 6_000)
    alike = [other for other in bases if other.problem.language == base.problem.language]
    while len(line) < wanted:
        line += " " + thought_of(rng.choice(alike)).replace("\n", " ")
    return with_thought(base, line[:wanted], "-wall")


def coded(base: Candidate, rng: random.Random) -> Candidate:
    """A program in a fence, anywhere between two lines."""
    lines = thought_of(base).split("\n")
    numbers = [rng.randint(2, 99) for _ in range(3)]
    program = [f"n_{place} = {number}" for place, number in enumerate(numbers)]
    program += ["total = 0", "for n in (n_0, n_1, n_2):", "    total += n"]
    fence = rng.choice(["```python", "```", "```py", "````python"])
    end = [] if rng.random() < 0.2 else [fence.rstrip("python")]
    place = rng.randint(0, len(lines))
    return with_thought(base, "\n".join([*lines[:place], fence, *program, *end, *lines[place:]]), "-code")


def repeated(base: Candidate, rng: random.Random) -> Candidate:
    """A loop at the end, or everything again."""
    thought = thought_of(base)
    if rng.random() < 0.3:
        return with_thought(base, f"{thought}\nLet me look at it again.\n{thought}", "-again")
    sentence = max(re.split(r"(?<=[.])\s+|\n", thought), key=len)
    return with_thought(base, thought + ("\n" + sentence) * rng.randint(5, 30), "-loop")


def duplicated(base: Candidate, rng: random.Random) -> Candidate:
    """The same sample again."""
    thought = thought_of(base)
    return with_thought(base, thought.replace(" ", "  ") + " " if rng.random() < 0.5 else thought)


def nearly(base: Candidate, rng: random.Random) -> Candidate:
    """A word in sixty changed or left out, in the words alone; it counts as longer, so that the clean one stays."""
    words = thought_of(base).split(" ")
    places = [place for place, word in enumerate(words) if word.isalpha()]
    for place in rng.sample(places, max(1, len(places) // MIN_WORDS["near_duplicate"])):
        words[place] = rng.choice(["", "really", "actually"])
    return replace(with_thought(base, " ".join(words)), num_tokens=base.num_tokens + 1)


def leaking(base: Candidate, rng: random.Random, leaked: Sequence[str]) -> Candidate:
    """A passage of a benchmark's item among the thought's lines."""
    passage = ""
    while sum(word.isalpha() for word in passage.split()) < RUN_WORDS:
        words = rng.choice(leaked).split()
        start = rng.randrange(len(words))
        passage = " ".join(words[start : start + rng.randint(12, 24)])
    passage = re.sub(r"[,.] ", " … ", rng.choice([str.upper, str.lower, str])(passage))
    lines = thought_of(base).split("\n")
    lines.insert(rng.randint(0, len(lines)), f"I know this: {passage}")
    return with_thought(base, "\n".join(lines), "-leaked")


def natural() -> Iterator[tuple[str, Candidate]]:
    """(data set, sample): solutions that people and models wrote, as they are."""
    known = {row["problem"] for row in rows("math_benchmarks/math500.jsonl")}
    for number, row in enumerate(rows("math/test5000.jsonl")):
        if row["problem"] not in known:
            yield "MATH, people", made("math", number, row["problem"], row["solution"], "", "en")
    for row in rows("qwen_math_samples/labelled.jsonl"):
        sample = made("qwen", row["idx"], row["question"], row["response"], str(row["gold"]), "en")
        yield "MATH, Qwen2-Math", replace(sample, sample_index=row["sample"])
    for number, row in enumerate(rows("math_benchmarks/aime_1983_2023.jsonl")):
        yield "AIME, people", made("aime", number, row["problem"], row["solution"], str(row["answer"]), "en")
