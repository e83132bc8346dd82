"""Reads the package's source for the house rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "aha"

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules() -> dict[Path, ast.Module]:
    """Syntax tree of every module of the package, by path relative to it."""
    return {
        path.relative_to(PACKAGE): ast.parse(path.read_text(encoding="utf-8"), str(path))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def functions(tree: ast.AST) -> Iterator[FunctionNode]:
    """Every function and method, inner ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, FunctionNode))


def num_lines(path: Path) -> int:
    """Lines of a module."""
    return len((PACKAGE / path).read_text(encoding="utf-8").splitlines())


def folder(path: Path) -> str:
    """The rung a module stands on: its top folder, or its own name at the top."""
    return path.parts[0].removesuffix(".py")


def imported_folders(path: Path, tree: ast.Module, *, at_run_time: bool = False) -> set[str]:
    """Folders of the package that a module imports from, lazily or not; those for typing too unless `at_run_time`."""
    skipped = _typing_only(tree) if at_run_time else set()
    found = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            parts = node.module.split(".")
            if parts == ["aha"]:
                found |= {alias.name for alias in node.names}
            elif parts[0] == "aha":
                found.add(parts[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("aha.")}
    return found - {folder(path), "__version__"}


def _typing_only(tree: ast.Module) -> set[ast.AST]:
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {inner for block in blocks for inner in ast.walk(block)}
