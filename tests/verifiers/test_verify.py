"""The one door to all verifiers: total on any text, bounded in time, and nothing is ever executed."""

import json
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.errors import DataError
from aha.types import JUDGE, NO_VERIFIER, Problem, VerifierSpec
from aha.verifiers import VERIFIERS, check_spec, verify
from aha.verifiers.base import EXTRACTION_RULES, OverLimitsError, extract

REFERENCES: dict[str, Any] = {
    "number": "42",
    "exact": ["yes", "42"],
    "expression": {"numbers": [6, 7], "target": 42},
    "knights": {"Amy": "knight", "Bo": "knave"},
    "list": [4, 2],
    "json": {"a": 42},
}
PAYLOADS = [
    "__import__('os').system('touch /tmp/owned')", "().__class__.__base__.__subclasses__()", "9**9**9", "9^9^9^9",
    "1e999999999", "10^{10^{10}}", "\\frac" * 3000, "\\frac{1}{" * 1000, "\\boxed{" * 5000, "(" * 9000 + ")" * 9000,
    "[" * 9000, '{"a":' * 2000, "9" * 9999, "1," * 4000, "1 " * 4900, "0." * 4000, "\x00\x1b]52;c;AAAA\x07", "\ud800",
    "\u202e42", "４２" * 2000, "½" * 3000, "\ufdfa" * 3000, "Amy Bo " * 1000, "Amy is a " * 1000, "nan", "inf", "-inf",
    "-" * 9999, "$" * 9999, "1/" * 3000, "1_0", "True", "None", "{}", "[]", '"', "\\", "`" * 5000, "```json" * 1000,
    "{{7*7}}", "${jndi:ldap://x}", "=cmd()", "<script>alert(1)</script>", "'; DROP TABLE x; --", "1e", "e", "#### 42",
    "the answer is the answer", "both 41 and 42", "1 000 " * 900, "1.5 * 10 ^ 99999999999", "\n" * 9999 + "42",
    "a" * 9999,
]  # fmt: skip
RIGHT = ("\u202e42", "#### 42", "\n" * 9999 + "42")
"""Attacks that hold the right answer and nothing else."""


@pytest.mark.parametrize("name", list(REFERENCES))
def test_attacks_are_wrong_quickly(name: str) -> None:
    for payload in PAYLOADS:
        for response in (f"<think>x</think> <answer>{payload}</answer>", f"\\boxed{{{payload}}}"):
            for rule in ("answer_tag", "auto"):
                start = time.process_time()
                verdict = verify(name, response, REFERENCES[name], {"extract": rule})
                assert time.process_time() - start < 0.5, (name, payload[:50], rule)
                assert verdict["outcome"] != "undecided"
                assert verdict["outcome"] == "wrong" or payload in RIGHT, (name, payload[:50], rule)
                json.dumps(verdict)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(st.text(max_size=400), st.text(alphabet="0123456789.,+-*/^()[]{}$%\\fracboxedtext eE=\n½", max_size=200)),
    st.sampled_from(list(REFERENCES)),
    st.sampled_from(EXTRACTION_RULES),
)
def test_any_text_gets_a_verdict(text: str, name: str, rule: str) -> None:
    for response in (text, f"<answer>{text}</answer>"):
        verdict = verify(name, response, REFERENCES[name], {"extract": rule})
        assert verdict["outcome"] in ("correct", "wrong")
        assert verdict["seconds"] >= 0
        (verdict["extracted"] or "").encode("utf-8")


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
        max_leaves=6,
    ),
    st.sampled_from(list(VERIFIERS)),
)
def test_any_reference_gets_a_verdict(reference: Any, name: str) -> None:
    assert verify(name, "<answer>42</answer>", reference, {})["outcome"] in ("correct", "wrong", "undecided")


NUMBER = {"extract": "answer_tag"}


@pytest.mark.parametrize(
    ("response", "rule", "outcome", "reason"),
    [
        ("<think>41</think> <answer>42</answer>", "answer_tag", "correct", "match"),
        ("<think>42</think> 42", "answer_tag", "wrong", "no_answer"),
        ("<think>so <answer>42</answer>", "answer_tag", "wrong", "no_answer"),
        ("<answer>42</answer> <answer>41</answer>", "answer_tag", "wrong", "several_answers"),
        ("<answer>42</answer> <answer>41</answer>", "auto", "wrong", "several_answers"),
        ("<answer></answer>", "auto", "wrong", "no_answer"),
        ("<think>\\boxed{42}</think> no", "boxed", "wrong", "no_answer"),
        ("<think>a</think> \\boxed{41} no, \\boxed{42}", "boxed", "correct", "match"),
        ("<think>a</think> \\boxed{42} no, \\boxed{", "boxed", "wrong", "no_answer"),
        ("<think>a</think> \\boxed{42}", "auto", "correct", "match"),
        ("<think>a</think> 42", "auto", "correct", "match"),
        ("<think>42", "auto", "wrong", "no_answer"),
        ("<think>a</think> The answer is 42", "auto", "wrong", "unparsable"),
        ("Thus\n42", "last_line", "correct", "match"),
        ("it was 41, I say 42 apples", "last_number", "correct", "match"),
        ("<think>42", "last_number", "correct", "match"),
        ("-4,2.", "last_number", "wrong", "several_answers"),
        ("none", "last_number", "wrong", "no_answer"),
        ("<think>a</think> 42", "whole", "correct", "match"),
        ("<think>a</think> <answer>42</answer>", "whole", "wrong", "unparsable"),
        ("<think>42", "whole", "wrong", "no_answer"),
        ("4" * 20_000, "whole", "wrong", "over_limits"),
        ("<answer>" + "4" * 20_000 + "</answer>", "answer_tag", "wrong", "over_limits"),
    ],
)
def test_extraction_rules(response: str, rule: str, outcome: str, reason: str) -> None:
    verdict = verify("number", response, 42, {"extract": rule})
    assert (verdict["outcome"], verdict["reason"]) == (outcome, reason)


def test_a_response_of_millions_of_characters_is_over_limits() -> None:
    with pytest.raises(OverLimitsError):
        extract("a" * 1_000_001, "auto")
    with pytest.raises(OverLimitsError):
        extract("a" * 100_001, "whole")
    assert extract("a" * 100_000, "whole")


def test_what_was_extracted_is_cut() -> None:
    assert len(verify("exact", f"<answer>{'a' * 5000}</answer>", "b", {})["extracted"]) == 500


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("numbr", {}, "Did you mean 'number'"),
        ("zzz", {}, "Known: number, exact"),
        ("number", {"lenient": True, "tolerence": 1}, "Did you mean 'tolerance'"),
        ("number", {"extract": "boxes"}, "Did you mean 'boxed'"),
    ],
)
def test_specs_are_checked(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_spec(VerifierSpec(name, arguments))
    with pytest.raises(DataError, match=message):
        verify(name, "<answer>42</answer>", 42, arguments)


def test_verifiers_do_not_import_torch() -> None:
    code = "import sys, aha.verifiers, aha.rewards; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", [NO_VERIFIER, JUDGE])
def test_what_only_models_grade_is_undecided_here(name: str) -> None:
    for response in ("", "<answer>42</answer>", "<think>"):
        found = verify(name, response, None, {})
        assert (found["outcome"], found["reason"]) == ("undecided", "no_rule")
    check_spec(VerifierSpec(name, {"extract": "whole"}))
    assert not Problem("p", "s", [], None, VerifierSpec(name)).has_rule
    with pytest.raises(DataError, match="has no argument 'tolerance'"):
        verify(name, "", None, {"tolerance": 1})
