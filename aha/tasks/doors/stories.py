"""Doors to word problems of primary school, in many languages."""

from __future__ import annotations

import re
from collections.abc import Callable

from aha.tasks.doors.boxes import BOXED, BOXED_ZH, MIT, QWEN, boxed, made
from aha.tasks.doors.door import Door, Row
from aha.types import Json

GRADE_SCHOOL = "github.com/openai/grade-school-math: grade_school_math/data/"
MGSM = {
    "bn": "ধাপে ধাপে চিন্তা করুন এবং চূড়ান্ত উত্তরটি \\boxed{} এর ভিতরে লিখুন।",
    "de": "Denke Schritt für Schritt nach und schreibe die endgültige Antwort in \\boxed{}.",
    "en": BOXED,
    "es": "Razona paso a paso y escribe la respuesta final dentro de \\boxed{}.",
    "fr": "Raisonne étape par étape et écris la réponse finale dans \\boxed{}.",
    "ja": "段階を追って考え、最終的な答えを \\boxed{} の中に書いてください。",
    "ru": "Рассуждай шаг за шагом и запиши окончательный ответ внутри \\boxed{}.",
    "sw": "Fikiri hatua kwa hatua na uandike jibu la mwisho ndani ya \\boxed{}.",
    "te": "దశలవారీగా ఆలోచించి, తుది జవాబును \\boxed{} లోపల రాయండి.",
    "th": "คิดทีละขั้นตอน แล้วเขียนคำตอบสุดท้ายไว้ใน \\boxed{}",
    "zh": BOXED_ZH,
}
"""Language → the request for a box in it."""
LANGUAGES = {
    "bn": "Bengali", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "ja": "Japanese",
    "ru": "Russian", "sw": "Swahili", "te": "Telugu", "th": "Thai", "zh": "Chinese",
}  # fmt: skip


def gsm8k(row: Row) -> dict[str, Json] | None:
    """The gold follows `####`."""
    _, mark, answer = row.text("answer").rpartition("####")
    if not mark:
        raise row.error("column 'answer' has no '####'")
    return made(row.text("question"), answer.strip(), solution=row.text("answer"))


def asdiv(row: Row) -> dict[str, Json] | None:
    """A story and a question; the unit stands behind the number, `15 (balls)`, and is not asked for."""
    answer = re.sub(r"\s+\([^()]*\)$", "", row.text("answer"))
    return made(f"{row.text('body')} {row.text('question')}", answer, id=row.number("idx"))


def svamp(row: Row) -> dict[str, Json] | None:
    """A story and a question; the answer is a number, written 19.0."""
    return made(f"{row.text('Body')} {row.text('Question')}", row.number("Answer"), id=row.text("ID"))


def cmath(row: Row) -> dict[str, Json] | None:
    """Grades 1 to 6 are the difficulty."""
    return made(row.text("question"), row.text("answer"), difficulty=row.value("grade", int))


def mgsm(language: str) -> Callable[[Row], dict[str, Json] | None]:
    """The rows of one language."""

    def read(row: Row) -> dict[str, Json] | None:
        mine = made(row.text("question"), row.text("answer"), id=row.number("index"))
        return mine if row.text("lang") == language else None

    return read


def _mgsm_door(language: str) -> Door:
    return Door(
        f"mgsm-{language}", "mgsm/all_languages.jsonl", 250, f"the same in {LANGUAGES[language]}; whole numbers",
        mgsm(language), boxed(MGSM[language], language, percent="either"),
        "github.com/google-research/url-nlp: mgsm/mgsm_*.tsv", "CC-BY-4.0",
        "one file for all, with columns lang, index, question, answer",
    )  # fmt: skip


DOORS = (
    Door("gsm8k", "gsm8k/test.jsonl", 1319, "word problems in English; numbers",
         gsm8k, boxed(percent="either"), GRADE_SCHOOL + "test.jsonl", MIT),
    Door("gsm8k-train", "gsm8k/train.jsonl.gz", 7473, "its training half",
         gsm8k, boxed(percent="either"), GRADE_SCHOOL + "train.jsonl", MIT),
    Door("asdiv", "math_benchmarks/asdiv.jsonl", 2215, "word problems in English; numbers, ratios, times, names",
         asdiv, boxed(percent="either"), QWEN + "asdiv", "MIT; ASDiv CC-BY-NC-4.0", "units are taken off the gold"),
    Door("svamp", "math_benchmarks/svamp.jsonl", 1000, "word problems in English, varied; numbers",
         svamp, boxed(percent="either"), QWEN + "svamp", MIT),
    Door("cmath", "math_benchmarks/cmath.jsonl", 600, "word problems in Chinese, grades 1–6; numbers",
         cmath, boxed(BOXED_ZH, "zh", percent="either"), QWEN + "cmath", MIT),
    *map(_mgsm_door, MGSM),
)  # fmt: skip
