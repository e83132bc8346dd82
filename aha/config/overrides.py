"""`stage.key=value` on the command line, laid over a recipe's tree."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from aha.config.yaml_files import KeyPath, parse
from aha.errors import ConfigError, UsageError


def suggest(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` where something in `known` is close to `word`, else the empty string."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else ""


def parse_override(text: str) -> tuple[list[str], Any]:
    """`zero.sampling.group_size=8` → (["zero", "sampling", "group_size"], 8). The value is YAML."""
    key, equals, value = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise UsageError(f"'{text}' is not an override.", cure="Write stage.key=value, e.g. zero.optimizer.lr=1e-4.")
    return parts, parse(value, f"override '{text}'")[0]


def resolve(parts: list[str], tree: dict[str, Any], known: Iterable[str], text: str) -> KeyPath:
    """Where in the recipe's tree an override points: `known` names a recipe's own keys, other first words a stage."""
    known, stages = list(known), tree.get("stages")
    names = list(stages) if isinstance(stages, dict) else []
    if parts[0] in known:
        return tuple(parts)
    if parts[0] in names:
        return ("stages", *parts)
    raise ConfigError(
        f"override '{text}': there is no stage '{parts[0]}'; the recipe's stages are {', '.join(names)}.",
        cure=suggest(parts[0], [*names, *known]),
    )


def put(tree: dict[str, Any], path: KeyPath, value: Any, text: str) -> KeyPath:
    """Set `path` in `tree`, making blocks on the way; a number is a place in a list. Returns the path as stored."""
    node: Any = tree
    stored: list[str | int] = []
    for position, part in enumerate(path):
        last = position == len(path) - 1
        key: str | int = part
        if isinstance(node, list):
            if not (isinstance(part, str) and part.isdigit() and int(part) < len(node)):
                raise ConfigError(f"override '{text}': '{part}' is not one of the places 0 to {len(node) - 1}.")
            key = int(part)
        elif not isinstance(node, dict):
            raise ConfigError(f"override '{text}': {_dotted(stored)} is a single value and has no key '{part}'.")
        elif not last and node.get(key) is None:
            node[key] = {}
        stored.append(key)
        if last:
            node[key] = value
        else:
            node = node[key]
    return tuple(stored)


def _dotted(path: Iterable[str | int]) -> str:
    return ".".join(str(part) for part in path if part != "stages")
