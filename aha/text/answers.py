"""Where the thought ends and what the answer is: one linear scan over the tags, nothing guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile(r"</?(?:think|answer)>")
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
"""A brace, or a character with the backslash that makes it no brace."""
_ORDER = ("<think>", "</think>", "<answer>", "</answer>")
_END = re.compile(r"(?:\s|<\|im_end\|>|<\|endoftext\|>|<\|eot_id\|>|<｜end▁of▁sentence｜>|</s>)*+")
"""What ends a turn in chat templates; a decoder that keeps special tokens leaves it at the end of the text."""


@dataclass(slots=True, frozen=True)
class Parsed:
    """A completion cut at its tags."""

    think: str | None
    """The thought, where exactly one was opened and closed."""
    answer: str | None
    """The text of the one answer block after the last `</think>`; None where there is none, or more than one."""
    well_formed: bool
    """Each tag exactly once and in order, only white space outside (and the tokens that end a turn), and an answer with
    at least one visible character."""
    num_answers: int
    """Answer blocks opened after the last `</think>`."""


def parse(text: str, opened: bool = False) -> Parsed:
    """Cut a completion at its tags, in time linear in its length.

    `opened`: the prompt already ends inside `<think>`. An answer inside the thoughts never counts, and a thought that
    is not closed leaves no answer.
    """
    source = "<think>" + text if opened else text
    tags = [(match.group(), match.start(), match.end()) for match in _TAG.finditer(source)]
    names = tuple(name for name, _, _ in tags)
    think = None
    if names.count("<think>") == names.count("</think>") == 1 and names.index("<think>") < names.index("</think>"):
        think = source[tags[names.index("<think>")][2] : tags[names.index("</think>")][1]].strip()
    answer, num_answers = _answer_block(source, tags)
    well_formed = names == _ORDER and any(each.isprintable() and not each.isspace() for each in answer or "")
    if well_formed:
        outside = source[: tags[0][1]] + source[tags[1][2] : tags[2][1]]
        well_formed = not outside.strip() and _END.fullmatch(source, tags[3][2]) is not None
    return Parsed(think, answer, well_formed, num_answers)


def _answer_block(source: str, tags: list[tuple[str, int, int]]) -> tuple[str | None, int]:
    """The one answer block after the last thought, and how many were opened there."""
    names = [name for name, _, _ in tags]
    closes = [index for index, name in enumerate(names) if name == "</think>"]
    after = tags[closes[-1] + 1 :] if closes else tags
    kinds = [name for name, _, _ in after]
    num_answers = kinds.count("<answer>")
    if kinds != ["<answer>", "</answer>"]:
        return None, num_answers
    return source[after[0][2] : after[1][1]].strip(), 1


def opens_thought(prompt: str) -> bool:
    """Whether a rendered prompt ends inside an opened `<think>`, so that its completion starts with the thought."""
    return prompt.rstrip().endswith("<think>")


def final_text(text: str) -> str | None:
    """What follows the last `</think>`; the whole text where nothing was thought; None while a thought is open."""
    close = text.rfind("</think>")
    if text.rfind("<think>") > close:
        return None
    return text[close + len("</think>") :].strip() if close >= 0 else text.strip()


def last_boxed(text: str) -> str | None:
    r"""Content of the last `\boxed{…}` (`\fbox`, `\framebox`), braces matched (`\{` is none); None without a box.

    An unclosed box is the empty answer: there is no way back to an earlier one.
    """
    starts = [match.end() for match in _BOX.finditer(text)]
    if not starts:
        return None
    start = starts[-1]
    if start >= len(text) or text[start] != "{":
        word = text[start:].split(maxsplit=1)
        return word[0].rstrip("$.,;") if word else ""
    depth = 0
    for match in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return text[start + 1 : match.start()].strip()
    return ""
