"""What the doors to mathematics share: the request for a box, and the verifier that compares by value."""

from __future__ import annotations

from aha.tasks.doors.door import Row
from aha.tasks.rows import RowFormat
from aha.types import Json

BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
"""What DeepSeek-R1's README asks for on mathematics: in the user's turn, without a system prompt."""
BOXED_ZH = "请一步一步推理，并把最终答案写在 \\boxed{} 里。"

QWEN = "github.com/QwenLM/Qwen2.5-Math: evaluation/data/"
MIT = "MIT"


def boxed(instruction: str = BOXED, language: str = "en", **settings: Json) -> RowFormat:
    """A question with the request for a box; `settings` go to the verifier `math`."""
    return RowFormat(
        prompt="prompt", answer="answer", verifier="math", verifier_arguments=settings, extract="boxed",
        instruction=instruction, language=language,
    )  # fmt: skip


def made(prompt: str, answer: str, **more: Json) -> dict[str, Json] | None:
    """Columns for rows.problems_from; None for a row whose answer is empty, which nothing can be graded by."""
    return {"prompt": prompt, "answer": answer, **more} if answer else None


def plain(row: Row) -> dict[str, Json] | None:
    """Columns `question` and `answer`."""
    return made(row.text("question"), row.text("answer"))


def identified(row: Row) -> dict[str, Json] | None:
    """Columns `problem`, `answer` and `id`."""
    return made(row.text("problem"), row.text("answer"), id=row.number("id"))
