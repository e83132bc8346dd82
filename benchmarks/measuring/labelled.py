"""Answers of known verdict: the labelled sets of the data folder, and pairs that follow from two copies of one answer.

Every set is a function from the data folder to cases. The data are never copied; the folder is `$AHA_DATA`, by default
`shared/data` beside the checkout.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from aha.text.answers import last_boxed

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True, frozen=True)
class Case:
    """One response, its gold answer, and whether the two are equal."""

    set_name: str
    id: str
    gold: Any
    response: str
    label: bool
    arguments: Mapping[str, Any] = field(default_factory=lambda: {"extract": "boxed"})
    """Of our verifier, the extraction rule among them."""
    verifier: str = "math"
    peer_gold: str | None = None
    """What Math-Verify is given where that is not the gold itself."""
    peer_response: str | None = None
    """None: the same response."""
    peer_extraction: tuple[str, ...] = ("latex", "expr")
    """Which of Math-Verify's extractors read the response: its default, or what the row's own test used."""


def data_folder() -> Path:
    """`$AHA_DATA`, or `shared/data` beside the checkout; it may not exist."""
    return Path(os.environ.get("AHA_DATA", ROOT.parent / "shared" / "data"))


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of the data folder, by its path without a `.gz`."""
    path = data_folder() / name
    packed = path.with_name(path.name + ".gz")
    if packed.exists():
        with gzip.open(packed, "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def draw(number_of: int, *key: str) -> int:
    """A number below `number_of` that depends on the key alone."""
    return int.from_bytes(hashlib.blake2b("\0".join(key).encode(), digest_size=8).digest(), "big") % number_of


def boxed(answer: str) -> str:
    """The answer as a response that says nothing else; a backslash at its end does not take the brace."""
    return f"\\boxed{{{answer} }}" if answer.endswith("\\") else f"\\boxed{{{answer}}}"


def gsm8k_model_solutions() -> Iterator[Case]:
    """Solutions of four GPT-3 models with OpenAI's own labels. The final answer follows the last `A:`, and a solution
    without one (cut off, or running in circles) has no answer: both graders get the box of what is there."""
    for row in rows("gsm8k_model_solutions/labelled.jsonl"):
        _, marker, answer = row["solution"].rpartition("\nA:")
        gold = row["ground_truth"].rpartition("A:")[2].strip()
        response = boxed(answer.strip()) if marker else row["solution"]
        number = f"{row['question_index']}:{row['model']}"
        yield Case("gsm8k_model_solutions", number, gold, response, bool(row["is_correct"]))


def qwen_math_samples() -> Iterator[Case]:
    """Qwen2-Math's whole responses to MATH questions, labelled by Qwen's grader."""
    for row in rows("qwen_math_samples/labelled.jsonl"):
        number = f"{row['idx']}:{row['sample']}"
        yield Case("qwen_math_samples", number, row["gold"], row["response"], bool(row["is_correct"]))


def tora_gsm8k_outputs() -> Iterator[Case]:
    """ToRA-70B's traces with the interpreter's output. The label is the published comparison, the extracted number
    against the gold one (84.3 % equal), made here in exact fractions; it drops percent signs. Ten traces end without a
    box: both graders are given what was extracted from the output."""
    for row in rows("tora_gsm8k_outputs/tora_70b.jsonl"):
        label = plain_number(row["extracted"]) == plain_number(row["gold"])
        response = row["response"] if "\\boxed" in row["response"] else boxed(row["extracted"])
        arguments = {"extract": "boxed", "percent": "either"}
        yield Case("tora_gsm8k_outputs", str(row["idx"]), row["gold"], response, label, arguments)


def plain_number(text: str) -> Fraction | str:
    """Digits with commas and a point as a fraction, anything else as it is: the labels' own reader, not a grader's."""
    plain = str(text).replace(",", "").strip()
    return Fraction(plain) if re.fullmatch(r"[+-]?\d+(?:\.\d*)?|[+-]?\.\d+", plain) else plain


def openmathinstruct2_sample() -> Iterator[Case]:
    """Solutions that were kept because their answer is the expected one."""
    for number, row in enumerate(rows("openmathinstruct2_sample/solutions.jsonl")):
        yield Case("openmathinstruct2_sample", str(number), row["expected_answer"], row["generated_solution"], True)


def math_test() -> Iterator[Case]:
    """MATH: the answer as MARIO's annotators noted it against the solution that ends in a box. Questions whose answer
    stands in several boxes are left out: the last box is a part of the answer."""
    for short, whole in zip(rows("math_answer_types/mario_math_test.jsonl"), rows("math/test5000.jsonl"), strict=True):
        assert short["question"] == whole["problem"]
        if len(re.findall(r"\\(?:boxed|fbox)\b", whole["solution"])) == 1 and isinstance(short["answer"], str):
            yield Case("math_test", str(short["index"]), short["answer"], whole["solution"], True)


def aime() -> Iterator[Case]:
    """AIME solutions from the public wiki against the answer's number; only those whose last box holds one number,
    which also is the label: `\\textbf{(073)}` is 73."""
    for name in ("aime24", "aime_1983_2023"):
        for number, row in enumerate(rows(f"math_benchmarks/{name}.jsonl")):
            found = re.fullmatch(r"\W*(?:\\(?:text|math)bf\W+)?0*(\d{1,3})\W*", last_boxed(row["solution"]) or "")
            if found:
                label = int(found[1]) == int(row["answer"])
                yield Case("aime", f"{name}:{number}", row["answer"], row["solution"], label)


def golds() -> Iterator[tuple[str, str, str]]:
    """(benchmark, row, gold answer) of every set of questions with short answers; four rows have none."""
    for name, key in (
        *(("aqua", "correct"), ("asdiv", "answer"), ("carp_en", "answer"), ("cmath", "answer")),
        *(("cn_middle_school", "answer"), ("college_math", "answer"), ("gaokao2023en", "answer")),
        *(("gaokao2024_I", "answer"), ("gaokao2024_II", "answer"), ("gaokao2024_mix", "answer")),
        *(("gaokao_math_cloze", "answer"), ("gaokao_math_qa", "label"), ("math500", "answer"), ("svamp", "Answer")),
        *(("amc23", "answer"), ("olympiadbench", "final_answer"), ("minerva_math", "solution"), ("sat_math", "Answer")),
    ):
        for number, row in enumerate(rows(f"math_benchmarks/{name}.jsonl")):
            answer = row[key][0] if name == "olympiadbench" else row[key]
            answer = last_boxed(answer) if name == "minerva_math" else answer
            if answer not in (None, ""):
                yield name, str(number), str(answer)
    for number, row in enumerate(rows("math/train_deepscaler_subset.jsonl")):
        if row["answer"]:
            yield "math_train", str(number), str(row["answer"])
    for row in rows("mgsm/all_languages.jsonl"):
        yield "mgsm", f"{row['lang']}:{row['index']}", str(row["answer"])


def own_golds() -> Iterator[Case]:
    """Every gold answer is itself."""
    for name, number, gold in golds():
        yield Case(f"gold = gold: {name}", number, gold, boxed(gold), True)


def game24() -> Iterator[Case]:
    """GPT-4's expressions for 24 with their rewards; Math-Verify has no such task."""
    for row in rows("game24/gpt4_cot_labelled.jsonl"):
        reference = {"numbers": [int(number) for number in row["puzzle"].split()], "target": 24}
        answer = row["output"].rpartition("Answer:")[2].strip()
        number = f"{row['idx']}:{row['sample']}"
        yield Case("game24", number, reference, boxed(answer), bool(row["reward"]), verifier="expression")
