"""Doors to programs whose output, or input, is to be told without running them."""

from __future__ import annotations

from aha.tasks.doors.boxes import MIT
from aha.tasks.doors.door import Door, Row
from aha.tasks.rows import RowFormat
from aha.types import Json

LITERAL = "Reason step by step. Then write between <answer> and </answer> the Python literal that stands for ??."
ARGUMENTS = (
    "Reason step by step. Then write between <answer> and </answer> arguments that may stand for ??: Python literals, "
    "separated by commas."
)
CRUXEVAL = "github.com/facebookresearch/cruxeval: data/cruxeval.jsonl"


def tagged(verifier: str, instruction: str) -> RowFormat:
    """A question about code whose answer stands in tags, since literals hold braces."""
    return RowFormat(
        prompt="prompt", answer="answer", gold="gold", verifier=verifier, extract="answer_tag",
        instruction=instruction, domain="code",
    )  # fmt: skip


def output(row: Row) -> dict[str, Json]:
    """What a call returns."""
    prompt = f"```python\n{row.text('code')}\n\nassert f({row.text('input')}) == ??\n```"
    return {"prompt": prompt, "answer": row.text("output"), "gold": row.text("output"), "id": row.text("id")}


def given(row: Row) -> dict[str, Json]:
    """With what a call returns a value; any such arguments are right."""
    code, made = row.text("code"), row.text("output")
    return {
        "prompt": f"```python\n{code}\n\nassert f(??) == {made}\n```",
        "answer": {"code": code, "output": made},
        "gold": f"f({row.text('input')})",
        "id": row.text("id"),
    }


DOORS = (
    Door("cruxeval-output", "cruxeval/problems.jsonl", 800, "what does a call of a short Python function return?",
         output, tagged("output", LITERAL), CRUXEVAL, MIT),
    Door("cruxeval-input", "cruxeval/problems.jsonl", 800, "with which arguments does it return this?",
         given, tagged("input", ARGUMENTS), CRUXEVAL, MIT),
)  # fmt: skip
