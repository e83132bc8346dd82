"""Doors to contests, examinations and courses."""

from __future__ import annotations

import re

from aha.tasks.doors.boxes import BOXED_ZH, QWEN, boxed, identified, made, plain
from aha.tasks.doors.door import Door, Row
from aha.text.answers import last_boxed
from aha.types import Json

MAA = "MIT; problems © MAA"
HENDRYCKS = "MIT; MATH (Hendrycks et al.) MIT"
RLLM = "github.com/agentica-project/rllm: rllm/data/train/math/"
NOT_STATED = "MIT repository; the source of the problems is not stated"

EXACT = boxed()
PERCENT = boxed(percent="either")
ROUNDED = boxed(rounding="reference_digits")
CHINESE = boxed(BOXED_ZH, "zh")
BLANKS = boxed(BOXED_ZH, "zh", order="significant")
"""Several blanks are filled in their order."""


def _last_box(row: Row) -> str:
    answer = last_boxed(row.text("solution"))
    if answer is None:
        raise row.error("column 'solution' has no box")
    return answer


def solved(row: Row) -> dict[str, Json] | None:
    """The gold is the last box of the solution."""
    return made(row.text("problem"), _last_box(row), id=row.number("idx"))


def levelled(row: Row) -> dict[str, Json] | None:
    """MATH as published: a solution, and `Level 3` of 5."""
    answer, level = _last_box(row), re.search(r"[1-5]", row.text("level"))
    difficulty = int(level[0]) if level else 0
    return made(row.text("problem"), answer, id=row.number("idx"), difficulty=difficulty)


def math500(row: Row) -> dict[str, Json] | None:
    """An answer apart from the solution, and level 1 to 5."""
    level = row.value("level", int)
    return made(row.text("problem"), row.text("answer"), id=row.text("unique_id"), difficulty=level)


def rated(row: Row) -> dict[str, Json] | None:
    """A problem, its answer (null where there is none), and a difficulty from 1 to 10."""
    answer = row.value("answer", str, type(None)) or ""
    return made(row.text("problem"), answer.strip(), difficulty=row.value("difficulty", int, float))


def amc(row: Row) -> dict[str, Json] | None:
    """The answer is a whole number, written 27.0."""
    return made(row.text("problem"), row.number("answer"), id=row.number("id"))


def olympiad(row: Row) -> dict[str, Json] | None:
    """One text holds all values of an answer."""
    found = row.value("final_answer", list)
    if len(found) != 1 or not isinstance(found[0], str):
        raise row.error(f"column 'final_answer' should hold one text, is {str(found)[:80]!r}")
    return made(row.text("question"), found[0].strip(), id=row.number("id"))


def letter_first(row: Row) -> dict[str, Json] | None:
    """Where a question has options the gold is the letter, else the value."""
    gold = row.text("choice_answer") or row.text("answer")
    return made(row.text("question"), gold, id=row.number("idx"))


def carp(row: Row) -> dict[str, Json] | None:
    """A blank to fill in."""
    return made(row.text("content"), row.text("answer"))


DOORS = (
    Door("math", "math/test5000.jsonl.gz", 5000, "school contests, levels 1–5; values and expressions",
         levelled, PERCENT, "github.com/microsoft/ToRA: src/data/math/test.jsonl", HENDRYCKS),
    Door("math-train", "math/train_deepscaler_subset.jsonl.gz", 7470, "the training half of MATH, answers alone",
         rated, PERCENT, RLLM + "math.json", HENDRYCKS,
         "shares no question with math and math500; difficulty 1–10 is rllm's; 4 rows without an answer left out"),
    Door("math500", "math_benchmarks/math500.jsonl", 500, "500 problems of MATH's test half, levels 1–5",
         math500, PERCENT, "github.com/hkust-nlp/RL-Verifier-Pitfalls: examples/simplelr_math_eval/data/math500",
         HENDRYCKS, "the split of PRM800K; R1 takes k = 16"),
    Door("aime24", "math_benchmarks/aime24.jsonl", 30, "AIME 2024, I and II; whole numbers 0–999",
         identified, EXACT, QWEN + "aime24", MAA, "R1 takes k = 64"),
    Door("aime_1983_2023", "math_benchmarks/aime_1983_2023.jsonl", 975, "AIME before 2024; whole numbers 0–999",
         rated, EXACT, RLLM + "aime.json", MAA, "for training where aime24 is the test"),
    Door("amc23", "math_benchmarks/amc23.jsonl", 40, "AMC 12 of 2023 without its options; whole numbers",
         amc, EXACT, QWEN + "amc23", MAA),
    Door("minerva_math", "math_benchmarks/minerva_math.jsonl", 272, "university science; numbers and formulas",
         solved, ROUNDED, QWEN + "minerva_math", "MIT; problems MIT OpenCourseWare"),
    Door("olympiadbench", "math_benchmarks/olympiadbench.jsonl", 675, "olympiads; numbers, tuples, intervals, lists",
         olympiad, EXACT, QWEN + "olympiadbench", "MIT; OlympiadBench Apache-2.0"),
    Door("college_math", "math_benchmarks/college_math.jsonl", 2818, "college exercises; values, formulas, sentences",
         plain, ROUNDED, QWEN + "college_math", "MIT; textbooks CC-BY and others, named in each row"),
    Door("gaokao2023en", "math_benchmarks/gaokao2023en.jsonl", 383, "Chinese entrance examination in English",
         plain, PERCENT, QWEN + "gaokao2023en", NOT_STATED, "2 rows without an answer left out"),
    Door("gaokao2024_I", "math_benchmarks/gaokao2024_I.jsonl", 14, "Chinese entrance examination; letters and values",
         plain, CHINESE, QWEN + "gaokao2024_I", NOT_STATED),
    Door("gaokao2024_II", "math_benchmarks/gaokao2024_II.jsonl", 14, "the same, paper II",
         plain, BLANKS, QWEN + "gaokao2024_II", NOT_STATED),
    Door("gaokao2024_mix", "math_benchmarks/gaokao2024_mix.jsonl", 91, "the same, all papers of 2024",
         letter_first, CHINESE, QWEN + "gaokao2024_mix", NOT_STATED),
    Door("gaokao_math_cloze", "math_benchmarks/gaokao_math_cloze.jsonl", 118, "the same, blanks to fill in",
         plain, BLANKS, QWEN + "gaokao_math_cloze", "MIT; AGIEval MIT"),
    Door("cn_middle_school", "math_benchmarks/cn_middle_school.jsonl", 101, "Chinese middle school; letters and values",
         letter_first, CHINESE, QWEN + "cn_middle_school", NOT_STATED),
    Door("carp_en", "math_benchmarks/carp_en.jsonl", 976, "Chinese middle school algebra in English",
         carp, EXACT, QWEN + "carp_en", NOT_STATED),
)  # fmt: skip
