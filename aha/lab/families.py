"""The lab's families of puzzles by name, and the mixture that training and held-out sets draw from."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from aha.lab.arithmetic import arithmetic, story
from aha.lab.countdown import countdown
from aha.lab.knights import knights
from aha.lab.lists import lists
from aha.lab.phrases import Language
from aha.lab.programs import programs
from aha.lab.puzzle import Puzzle
from aha.lab.strings import strings
from aha.tasks.base import Perturbation

FAMILIES: dict[str, Callable[..., Puzzle]] = {
    "arithmetic": arithmetic,
    "story": story,
    "countdown": countdown,
    "knights": knights,
    "lists": lists,
    "strings": strings,
    "programs": programs,
}

MIXTURE = {
    "arithmetic": 0.30,
    "story": 0.14,
    "countdown": 0.08,
    "knights": 0.12,
    "lists": 0.14,
    "strings": 0.10,
    "programs": 0.12,
}
"""Shares of the families in `lab:mixed`, the corpus and the held-out set."""

LANGUAGES: dict[Language, float] = {"en": 0.80, "ko": 0.17, "ru": 0.03}
"""Shares of the question's language."""


def draw(rng: Random, family: str = "mixed") -> Puzzle:
    """A random puzzle of a family or of the mixture, held out or not."""
    name = rng.choices(list(MIXTURE), list(MIXTURE.values()))[0] if family == "mixed" else family
    return FAMILIES[name](rng, draw_language(rng))


def draw_language(rng: Random) -> Language:
    """The language of a question, by its share."""
    return rng.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]


def seen(rng: Random, family: str = "mixed", *, held_out: bool = False) -> Puzzle:
    """A puzzle that corpus and training may see: not of the held-out class; with `held_out` one of that class."""
    while True:
        puzzle = draw(rng, family)
        if puzzle.held_out == held_out:
            return puzzle


PERTURBED = "lab:knights"
"""The task whose puzzles can be changed a little."""


def seen_and_perturbed(rng: Random, perturb: Perturbation) -> tuple[Puzzle, Puzzle]:
    """The puzzle of knights and knaves that `seen` makes next, and the same one changed."""
    while True:
        again = Random()
        again.setstate(rng.getstate())
        puzzle = draw(rng, "knights")
        if not puzzle.held_out:
            return puzzle, knights(again, draw_language(again), perturb=perturb)
