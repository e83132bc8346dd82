"""Turns pydantic's findings into sentences that name the place, the key and the cure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aha.config.overrides import suggest
from aha.config.schema import block_at, leaves
from aha.config.yaml_files import KeyPath
from aha.errors import ConfigError


def dotted(path: KeyPath) -> str:
    """A path as a person writes it: `zero.sampling.group_size`."""
    return ".".join(str(part) for part in (path[1:] if path[:1] == ("stages",) and len(path) > 1 else path))


def refusal(error: ValidationError, tree: dict[str, Any], origins: Mapping[KeyPath, str], name: str) -> ConfigError:
    """One ConfigError for everything that is wrong with a recipe."""
    found: dict[KeyPath, tuple[str, str]] = {}
    for details in error.errors():
        path = _path_in(tree, details)
        problem, cure = _explain(details, path, tree)
        if path in found and problem != found[path][0]:
            problem, cure = f"{found[path][0]}, or {problem.rpartition('expected ')[2]}", found[path][1]
        found[path] = problem, cure
    sentences = [(f"{where(path, origins, name)}: {text}.", cure) for path, (text, cure) in found.items()]
    if len(sentences) == 1:
        return ConfigError(sentences[0][0], cure=sentences[0][1])
    listed = "\n".join(f"  {problem} {cure}".rstrip() for problem, cure in sentences)
    return ConfigError(f"{name} has {len(sentences)} problems:\n{listed}")


def where(path: KeyPath, origins: Mapping[KeyPath, str], name: str) -> str:
    """Where `path` was written: file and line, or the override; the nearest block for a key that is missing."""
    for length in range(len(path), 0, -1):
        if path[:length] in origins:
            return origins[path[:length]]
    return name


def _path_in(tree: Any, details: ErrorDetails) -> KeyPath:
    """pydantic's location without the names of union members, which stand in no file."""
    path: list[Any] = []
    node: Any = tree
    *before, last = details["loc"]
    part: Any
    for part in before:
        if (isinstance(node, dict) and part in node) or (isinstance(node, list) and isinstance(part, int)):
            node = node[part]
            path.append(part)
    inside = isinstance(node, dict) and (last in node or details["type"] == "missing")
    if inside or (isinstance(node, list) and isinstance(last, int) and last < len(node)):
        path.append(last)
    return tuple(path)


def _explain(details: ErrorDetails, path: KeyPath, tree: Any) -> tuple[str, str]:
    kind, key, context = details["type"], dotted(path), details.get("ctx", {})
    value = details["input"]
    if kind == "extra_forbidden":
        return f"unknown key '{key}'", _nearest_key(path, tree)
    if kind == "missing":
        return f"the key '{key}' is missing", f"Add it, or give it on the command line: {key}=…"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        kinds = str(context.get("expected_tags", "")) or "rl, evaluate, pretrain"
        tag = context.get("tag")
        return f"the stage '{key}' has {f'the unknown kind {tag!r}' if tag else 'no kind'}", f"The kinds are {kinds}."
    if value is None:
        return f"'{key}' is left to you and has no value", f"Give it on the command line: {key}=…"
    if kind == "literal_error":
        expected = str(context["expected"])
        words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
        return f"{key} = {value!r}, expected {expected}", suggest(str(value), words)
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"{key} = {value!r}, expected a block of keys", ""
    message = details["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{key} = {value!r}, expected {message.removeprefix('expected ')}", ""


def _nearest_key(path: KeyPath, tree: Any) -> str:
    """A suggestion from the same block, else the same key in another block of the stage."""
    last = str(path[-1])
    block = block_at(path[:-1], tree)
    same_block = suggest(last, block.model_fields if block else [])
    depth = 2 if path[0] == "stages" else 0
    stage = block_at(path[:depth], tree)
    elsewhere = [leaf for leaf, _ in leaves(stage) if leaf[-1] == last] if stage else []
    if elsewhere:
        return f"Did you mean '{dotted((*path[:depth], *elsewhere[0]))}'?"
    if same_block or block is None:
        return same_block
    return f"The keys here are {', '.join(block.model_fields)}."
