"""A file of examples to review: single answers, several to one question, hostile texts, rows that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

HOSTILE = (
    "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
    "<a href=\"javascript:document.title='pwned'\">x</a> \u202e"
)


def example(name: str, question: str, thought: str | None, summary: str, **more: Any) -> dict[str, Any]:
    """A row as the stages write it."""
    content = summary if thought is None else f"<think>\n{thought}\n</think>\n\n{summary}"
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": content}]
    facts = {
        "domain": "math",
        "language": "en",
        "source": "lab:mixed",
        "origin": "rewrite",
        "tokens": 9,
        "checks": {"correct": True},
    }
    return {"id": name, "messages": turns, **facts, **more}


ROWS = [
    example("one", "What is 1+1?", "1 and 1 is 2.", "It is 2."),
    example("bad", f"Why?{HOSTILE}", f"Because.{HOSTILE}", f"So.{HOSTILE}", category=HOSTILE),
    example("a1", "What is 2+3?", "2 and 3 is 5.", "It is 5."),
    example("a2", "What is 2+3?", "Guess: 6.", "It is 6."),
    example("a3", "What is 2+3?", None, "5"),
]


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    """ROWS, then a line that is no JSON, and a thought without end."""
    path = tmp_path / "cold.jsonl"
    endless = {
        "id": "endless",
        "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "<think> …"}],
    }
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + "{no\n\n" + json.dumps(endless) + "\n")
    return path
