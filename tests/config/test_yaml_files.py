"""YAML as recipes use it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.config.yaml_files import dump, parse
from aha.errors import ConfigError

_TEXT = st.text(st.characters(exclude_categories=["C", "Z"]) | st.sampled_from(" :#-'\"\n\t"), max_size=8)
_SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT
_WORDS = st.sampled_from(
    ["on", "no", "1e-4", "3e-6", "0x1f", "010", "1:30", "1_000", "~", "true", ".inf", "a: b", "&a", "2001-01-01"]
)
_TREE = st.recursive(
    _SCALAR | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT | _WORDS, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None)
@given(_TREE)
def test_dump_reads_back_the_same(tree: Any) -> None:
    value = parse(dump({"tree": tree}), "t")[0]["tree"]
    assert value == tree
    assert str(value) == str(tree)


@settings(deadline=None)
@given(_TREE)
def test_other_readers_read_it_alike(tree: Any) -> None:
    assert yaml.safe_load(dump({"tree": tree})) == {"tree": tree}


@pytest.mark.parametrize(
    ("text", "value"),
    [("3e-6", 3e-6), ("1.5", 1.5), ("-.5", -0.5), ("10", 10), ("60_000", 60000), ("on", "on"), ("yes", "yes"),
     ("010", "010"), ("true", True), ("null", None), ("", None), ("1:30", "1:30"), (".inf", math.inf),
     ("2026-01-01", "2026-01-01"), ("[lab:mixed, 3]", ["lab:mixed", 3])],
)  # fmt: skip
def test_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    found = parse(text, "t")[0]
    assert found == value
    assert type(found) is type(value)


def test_lines_of_keys_and_list_entries() -> None:
    _, lines = parse("a: 1\nb:\n  c: 2\n  d:\n  - 5\n  - {e: 6}\n", "t")
    assert lines[("b", "c")] == 3
    assert lines[("b", "d", 1)] == 6
    assert lines[("b", "d", 1, "e")] == 6


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: 2\na: 3", "r.yaml:3: not readable as a recipe: the key 'a' is there twice (first on line 1)"),
        ("a: &x 1\nb: *x", "r.yaml:2: not readable as a recipe: an alias; write the value out"),
        ("a: !!python/object:os.system ls", "the tag tag:yaml.org,2002:python/object:os.system; write a plain value"),
        ("a: !mine {b: 1}", "the tag !mine; write a plain value"),
        ("? [a]\n: 1", "r.yaml:1: not readable as a recipe: a key that is not a word"),
        ("a: [1", "r.yaml:1: not readable as a recipe"),
        ("a: !!int x", "invalid literal"),
        ("a: \x01", "not readable as YAML"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_refusals_name_the_place(text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(text, "r.yaml")
    assert sentence in str(refused.value)


def test_empty_file_is_nothing() -> None:
    assert parse("", "t") == (None, {})
