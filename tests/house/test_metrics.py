"""Metric names are an interface: what the code writes is in docs/metrics.md, and what stands there is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import ROOT, folder, modules

FAMILIES = ("reward", "length", "groups", "kl", "logprob_gap", "clip_frac", "value", "reflection", "seconds", "eval")
NAME = re.compile(rf"(?:{'|'.join((*FAMILIES, 'tokens_per_second'))})/[a-z0-9_@*/]+")
WRITERS = ("algorithms", "engines", "rollouts", "stages")
PLAIN = {
    *("step", "update", "policy_version", "loss", "accuracy", "undecided_frac", "format_rate", "truncated_frac"),
    *("reflection_rate", "repetition_rate", "entropy", "grad_norm", "update_skipped", "lr", "eta_seconds"),
}


def _documented() -> set[str]:
    """First column of the tables; `<name>` stands for anything."""
    rows = re.findall(r"^\| `([^`]+)`", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"<[^>]+>", "*", row) for row in rows}


def _written() -> Iterator[str]:
    for path, tree in modules().items():
        if folder(path) in WRITERS:
            for node in ast.walk(tree):
                text = _text(node)
                if NAME.fullmatch(text) and not text.endswith("_") and text.count("/") == 1:
                    yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    return ""


def _covers(pattern: str, name: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".+"), name) is not None


def test_every_metric_that_is_written_is_documented() -> None:
    documented = _documented()
    wanted = PLAIN | set(_written())
    assert not {name for name in wanted if not any(_covers(pattern, name) for pattern in documented)}


def test_every_documented_metric_is_written() -> None:
    source = "\n".join(ast.unparse(tree) for path, tree in modules().items() if folder(path) in (*WRITERS, "runtime"))
    missing = {name for name in _documented() if name.split("<")[0].split("*")[0].split("/")[0] not in source}
    assert not missing


def test_each_documented_metric_has_unit_meaning_and_healthy_range() -> None:
    rows = re.findall(r"^\| `.*$", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows
    assert not [row for row in rows if len([cell for cell in row.strip("|").split("|") if cell.strip()]) != 4]
