"""Who is given which of two roles in an answer: names and roles in order, clause by clause, wording left aside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from aha.verifiers.base import OverLimitsError, SeveralAnswersError, UnparsableError, fold

MAX_CHARS = 2_000

_SYNONYMS = {
    "knight": ("truth-teller", "truth teller", "truthteller", "기사", "진실을 말하는 사람"),
    "knave": ("liar", "건달", "악당", "거짓말쟁이"),
}
_HEDGES = (
    r"(?i:(?<!\w)(?:or|either|if|maybe|unless|possibly|perhaps|unknown|cannot|can't|could|might|whether)(?!\w))"
    "|또는|혹은|아마|만약|이거나"
)
_COUNTS = "no|one|two|three|four|five|six|seven|eight"
_EVERYBODY = (
    rf"(?i:(?<!\w)(?:all|both|everyone|everybody)(?:\s+(?:of them|people|{_COUNTS}|\d+))*\s+(?:is|are|must be)\b)"
    "|모두|전부|[둘셋넷] 다"
)
_JOINTS = frozenset(
    (
        *("is", "are", "was", "were", "be", "must", "a", "an", "the", "both", "and", "also", "all", "each", "as", "s"),
        *("indeed", "therefore", "thus", "hence", "so", "then", "definitely", "certainly", "clearly", "actually"),
        *("role", "identity", "type", "to", "determined", "found", "nor", "of", "has", "being", "only", "have"),
        *("은", "는", "이", "가", "와", "과", "그리고", "하고", "이고", "역할은", "정체는", "и", "это"),
    )
)
"""Words that may stand between a name and its role."""
_LATEX = re.compile(r"\\(?:begin|end)\s*\{[^{}\n]*\}|\\\\|\\[A-Za-z]+")

_Token = tuple[str, str]
"""Kind and text: name, role (`yes`, `no`), not, everybody, count, word."""


def read_roles(answer: str, names: Sequence[str], terms: Sequence[str]) -> dict[str, bool]:
    """Name → truth-teller, from `A is a knight`, `A and B are knaves`, `A: knight`, `A is not a knave` or
    `Knights: A, B`.

    Raises UnparsableError for hedged or unfinished answers, SeveralAnswersError where somebody gets two roles, and
    OverLimitsError.
    """
    if len(answer) > MAX_CHARS:
        raise OverLimitsError
    reading = _Reading(names)
    for clause in _clauses(answer, names, terms):
        reading.clause(clause)
    reading.finish()
    return reading.roles


class _Reading:
    """What was said so far, and what a clause left open for the next one."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.roles: dict[str, bool] = {}
        self.people: list[str] = []
        """Named, role still to come."""
        self.header: bool | None = None
        """Role named, people still to come."""
        self.header_used = False

    def clause(self, tokens: list[_Token]) -> None:
        """Take what one clause says."""
        kinds = [kind for kind, _ in tokens]
        if not {"name", "role", "everybody"} & set(kinds):
            return
        if "name" not in kinds and ("count", "role") in pairwise(kinds):
            return  # `two knights`
        first = next(kind for kind in kinds if kind in ("name", "role", "everybody"))
        if first == "role" and not self.people:
            tokens = self._roles_first(tokens)
        elif "role" in kinds:
            self._drop_header()
        elif self.header is not None:
            self._assign([text for kind, text in tokens if kind == "name"], self.header)
            self.header_used = True
            return
        self._people_first(tokens)

    def _people_first(self, tokens: Iterable[_Token]) -> None:
        """`A and B are knights, C is not`; a second role for the same people must be the same one."""
        denied = False
        said: bool | None = None
        for kind, text in tokens:
            if kind == "name":
                self.people.append(text)
            elif kind == "everybody" and not self.people:
                self.people = list(self.names)
            elif kind == "not":
                denied = True
            elif kind == "role":
                truth = (text == "yes") != denied
                if not self.people and said not in (None, truth):
                    raise SeveralAnswersError
                self._assign(self.people, truth)
                self.people, denied, said = [], False, truth
            elif kind == "word" and self.people:
                raise UnparsableError
        if denied:
            raise UnparsableError

    def _roles_first(self, tokens: list[_Token]) -> list[_Token]:
        """`Knights: A, B; knave: C`, or a title over such a list.

        Returns what is left where the role only began a sentence about somebody.
        """
        self._drop_header()
        denied = gap = False
        for place, (kind, text) in enumerate(tokens):
            if kind == "not":
                denied, self.header = True, None
            elif kind == "role":
                self.header, self.header_used, denied, gap = (text == "yes") != denied, False, False, False
            elif kind == "word":
                gap = True
            elif kind == "name" and (self.header is None or gap):
                if self.header_used:
                    raise UnparsableError
                self.header = None
                return tokens[place:]
            elif kind == "name" and self.header is not None:
                self._assign([text], self.header)
                self.header_used = True
        if gap:
            self._drop_header()
        return []

    def _drop_header(self) -> None:
        """A role without people is a title before the first answer, and a second thought after it."""
        if self.header is not None and self.roles and not self.header_used:
            raise UnparsableError
        self.header = None

    def finish(self) -> None:
        """Raises UnparsableError where somebody or a role is left over."""
        self._drop_header()
        if self.people:
            raise UnparsableError

    def _assign(self, people: Iterable[str], truth: bool) -> None:
        for name in people:
            if self.roles.setdefault(name, truth) != truth:
                raise SeveralAnswersError


def _clauses(answer: str, names: Sequence[str], terms: Sequence[str]) -> Iterable[list[_Token]]:
    """What counts in an answer, cut at full stops, semicolons and line ends."""
    clause: list[_Token] = []
    for kind, word in _tokens(_LATEX.sub(_spaced, fold(answer).replace("’", "'")), names, terms):
        if kind == "hedge":
            raise UnparsableError
        if kind == "end":
            yield clause
            clause = []
        elif kind in ("yes", "no"):
            clause.append(("role", kind))
        elif kind == "denial" and clause and clause[-1][0] == "role":
            clause[-1] = ("role", "no" if clause[-1][1] == "yes" else "yes")
        elif kind == "nobody":
            clause += [("everybody", word), ("not", word)]
        elif kind == "name" or word.casefold() not in _JOINTS:
            clause.append((kind, word))
    yield clause


def _tokens(text: str, names: Sequence[str], terms: Sequence[str]) -> Iterable[_Token]:
    """Names as they are spelled in `names`, and between them the words by kind."""
    spelled = {fold(name).casefold(): name for name in names}
    pattern = _pattern(*terms)
    place = 0
    for found in re.finditer(_any_of([fold(name) for name in names]), text):
        if name := spelled.get(found.group().casefold()):
            yield from (
                (match.lastgroup or "", match.group()) for match in pattern.finditer(text, place, found.start())
            )
            yield "name", name
            place = found.end()
    yield from ((match.lastgroup or "", match.group()) for match in pattern.finditer(text, place))


def _spaced(command: re.Match[str]) -> str:
    word = command.group()
    return "\n" if word.startswith(("\\begin", "\\end", "\\\\")) else " "


@lru_cache(maxsize=64)
def _pattern(*terms: str) -> re.Pattern[str]:
    """One group a kind of token."""
    roles = [[term, *_SYNONYMS.get(term, ())] for term in terms]
    kinds = {
        "yes": _any_of(roles[0], "(?:e?s)?"),
        "no": _any_of(roles[1], "(?:e?s)?"),
        "hedge": _HEDGES,
        "denial": r"아[니닌님닙]\w*",
        "nobody": r"(?i:(?<!\w)(?:none|nobody|no one)(?:\s+of them)?\s+(?:is|are)\b)",
        "not": r"(?i:(?<!\w)(?:not|isn't|aren't|neither|none|non|never)(?!\w))",
        "everybody": _EVERYBODY,
        "count": rf"(?i:\d+|(?<!\w)(?:{_COUNTS})(?!\w))",
        "end": r"[.;\n]",
        "word": r"[^\W\d_]+",
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()))


def _any_of(words: Sequence[str], ending: str = "") -> str:
    """The longest of the words that stands there whole; letters of unspaced scripts have no edges, and a word of one
    letter keeps its case, since the name `A` is no article."""
    longest = sorted(words, key=len, reverse=True)
    return "|".join(_word(word, ending) if word.isascii() else f"(?i:{re.escape(word)})" for word in longest)


def _word(word: str, ending: str) -> str:
    exact = re.escape(word) if len(word) == 1 else f"(?i:{re.escape(word)})"
    return rf"(?<![A-Za-z0-9]){exact}{ending}(?![A-Za-z0-9])"
