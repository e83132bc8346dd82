"""YAML as recipes use it: 1.2 scalars (`on` is a word, `3e-6` a number), known lines, no duplicates, no aliases."""

from __future__ import annotations

import re
from typing import Any

import yaml

from aha.errors import ConfigError

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""

_SCALARS = {
    "null": (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    "int": (re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"), list("-+0123456789")),
    "float": (
        re.compile(
            r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
            r"|[-+]?\.[0-9]+(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        list("-+0123456789."),
    ),
}
_TAGS = (*_SCALARS, "str", "map", "seq")


class _Loader(yaml.SafeLoader):
    """Safe loader with the YAML 1.2 core scalars and without aliases."""

    yaml_implicit_resolvers = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse an alias before it is followed."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="an alias; write the value out", problem_mark=mark)
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):
    """Quotes whatever YAML 1.1 or 1.2 would read as something else than a word."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write repeated values out."""
        return True


for _name, (_pattern, _first) in _SCALARS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)


def parse(text: str, file: str) -> tuple[Any, dict[KeyPath, int]]:
    """The value that `text` holds, and the line (from 1) of each key path in it.

    Raises ConfigError with file and line for broken YAML, duplicate keys, keys that are not words, aliases and tags.
    """
    lines: dict[KeyPath, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        return (None if node is None else _build(loader, node, (), lines)), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{file}:{mark.line + 1}" if mark else file
        raise ConfigError(f"{where}: not readable as a recipe: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not readable as YAML: {error}.") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: not readable as YAML: nested too deeply.") from error


def _build(loader: yaml.SafeLoader, node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rsplit(":", 1)[1] not in _TAGS:
        raise yaml.MarkedYAMLError(problem=f"the tag {node.tag}; write a plain value", problem_mark=node.start_mark)
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(loader, node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        values = []
        for position, child in enumerate(node.value):
            lines[(*path, position)] = child.start_mark.line + 1
            values.append(_build(loader, child, (*path, position), lines))
        return values
    try:
        return loader.construct_object(node)
    except ValueError as error:
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error


def _build_mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, path: KeyPath, lines: dict[KeyPath, int]
) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key that is not a word", problem_mark=key_node.start_mark)
        key = str(key_node.value)
        if key in mapping:
            problem = f"the key '{key}' is there twice (first on line {lines[(*path, key)]})"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
        lines[(*path, key)] = key_node.start_mark.line + 1
        mapping[key] = _build(loader, value_node, (*path, key), lines)
    return mapping


def dump(value: Any) -> str:
    """`value` as YAML that `parse` and any YAML 1.1 reader read back alike; keys keep their order."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
