"""Where the thought ends and what the answer is: one linear scan over the tags, nothing guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile(r"</?(?:think|answer)>")
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
"""A brace, or a character with the backslash that makes it no brace."""
_ORDER = ("<think>", "</think>", "<answer>", "</answer>")
_ENDS = r"\s|<\|im_end\|>|<\|endoftext\|>|<\|eot_id\|>|<｜end▁of▁sentence｜>|</s>"
_END, _END_MARK = re.compile(f"(?:{_ENDS})*+"), re.compile(_ENDS)
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
    has_form = names == _ORDER and visible(answer or "")
    if has_form:
        outside = source[: tags[0][1]] + source[tags[1][2] : tags[2][1]]
        has_form = not outside.strip() and _END.fullmatch(source, tags[3][2]) is not None
    return Parsed(think, answer, has_form, num_answers)


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


def well_formed(response: str, *, opened: bool = False, cut_off: bool = False) -> bool:
    """Whether a whole response has the form that was asked for. It starts with the `<think>` that its prompt opened.

    R1-Zero's form: `Parsed.well_formed`. Where the prompt opened the thought (`opened`), also that of the released
    models: the thought is closed once, and a summary with a visible character follows; answer tags, where there are
    any, stand once and in order inside the summary, around something visible. Such a summary has no end of its own, so
    one that was `cut_off` at the length limit is not well-formed.
    """
    if not opened:
        return parse(response).well_formed
    names = tuple(match.group() for match in _TAG.finditer(response))
    if cut_off or names not in (_ORDER[:2], _ORDER) or not response.lstrip().startswith("<think>"):
        return False
    summary = parse(response).answer if names == _ORDER else final_text(response)
    return visible(_END_MARK.sub("", summary or ""))


def visible(text: str) -> bool:
    """Whether a reader would see anything of it."""
    return any(each.isprintable() and not each.isspace() for each in text)


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
