"""Doors to multiple choice: the options stand in the question, and the answer is a letter."""

from __future__ import annotations

from collections.abc import Sequence

from aha.tasks.doors.boxes import QWEN
from aha.tasks.doors.door import Door, Row
from aha.tasks.rows import RowFormat
from aha.types import Json

LETTER = "Please reason step by step, and put the letter of your answer within \\boxed{}."
LETTER_ZH = "请一步一步推理，并把正确选项的字母写在 \\boxed{} 里；若有多个正确选项，全部写出。"
LAST_LINE = "Think step by step. The last line of your reply must be `Answer: X`, X being the letter of your answer."
"""As openai/simple-evals asks on MMLU; R1's protocol takes its prompts."""
LETTERS = "ABCDE"


def choice(instruction: str, extract: str = "boxed", domain: str = "math", language: str = "en") -> RowFormat:
    """A question whose answer is a letter; the verifier is told the options, so that their texts count too."""
    return RowFormat(
        prompt="prompt", answer="answer", verifier="choice", arguments="arguments", extract=extract,
        instruction=instruction, domain=domain, language=language,
    )  # fmt: skip


def _made(row: Row, question: str, options: Sequence[str], letters: str) -> dict[str, Json]:
    known = LETTERS[: len(options)]
    if not letters or not set(letters) <= set(known):
        raise row.error(f"the answer {letters!r} is none of {', '.join(known)}")
    listed = [f"{letter}. {option}" for letter, option in zip(known, options, strict=True)]
    prompt = "\n".join([question, *listed])
    return {"prompt": prompt, "answer": letters, "arguments": {"options": list(options)}}


def aqua(row: Row) -> dict[str, Json]:
    """Options come as `A)$61`."""
    options = [str(option).partition(")")[2].strip() for option in row.value("options", list)]
    return _made(row, row.text("question"), options, row.text("correct"))


def sat(row: Row) -> dict[str, Json]:
    """The options are one text: `A) 1 B) 2 C) 3 D) 4`."""
    prompt = f"{row.text('question')}\n{row.text('options')}"
    return {"prompt": prompt, "answer": row.text("Answer"), "id": row.text("id"), "arguments": {}}


def mmlu(row: Row) -> dict[str, Json]:
    """The answer is the place of an option, from 0."""
    options, place = row.value("choices", list), row.value("answer", int)
    if not 0 <= place < len(options):
        raise row.error(f"column 'answer' is {place}, there are {len(options)} options")
    return _made(row, row.text("question"), [str(option) for option in options], LETTERS[place])


def gaokao(row: Row) -> dict[str, Json]:
    """Some questions have several right options, written `A B D` or `CD`."""
    options = row.value("options", dict)
    return _made(
        row, row.text("question"), [str(text) for text in options.values()], row.text("label").replace(" ", "")
    )


DOORS = (
    Door("aqua", "math_benchmarks/aqua.jsonl", 254, "algebra word problems; a letter of five",
         aqua, choice(LETTER), QWEN + "aqua", "MIT; AQuA Apache-2.0"),
    Door("sat_math", "math_benchmarks/sat_math.jsonl", 32, "SAT mathematics; a letter of four",
         sat, choice(LETTER), QWEN + "sat_math", "MIT; AGIEval MIT"),
    Door("mmlu_stem", "math_benchmarks/mmlu_stem.jsonl", 3018, "science, engineering and mathematics; a letter of four",
         mmlu, choice(LAST_LINE, "last_line", domain="stem"), QWEN + "mmlu_stem", "MIT; MMLU MIT",
         "18 of MMLU's 57 subjects"),
    Door("gaokao_math_qa", "math_benchmarks/gaokao_math_qa.jsonl", 351, "Chinese entrance examination; letters of four",
         gaokao, choice(LETTER_ZH, language="zh"), QWEN + "gaokao_math_qa", "MIT; AGIEval MIT"),
)  # fmt: skip
