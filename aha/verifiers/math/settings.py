"""What a task may choose about how answers are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from aha.errors import DataError

Units = Literal["same", "ignore", "required"]
Percent = Literal["strict", "either"]
Order = Literal["ignore", "significant"]
Form = Literal["any", "reduced", "factored"]
Kind = Literal["auto", "number", "choice", "text", "time", "ratio"]
Rounding = Literal["exact", "reference_digits"] | int

_CHOICES = {
    key: get_args(choices)
    for key, choices in (("units", Units), ("percent", Percent), ("order", Order), ("form", Form), ("kind", Kind))
}


@dataclass(slots=True, frozen=True)
class Settings:
    """Each choice by name; the defaults demand equality and forgive notation."""

    units: Units = "same"
    """`same`: units that differ are wrong, a unit on one side alone is not; `required`: both have the same one or none;
    `ignore`: not looked at. Under `same` a number without a unit that holds pi is an angle in radians beside degrees,
    whichever of the two the reference is: `60^\\circ` is `\\frac{\\pi}{3}`."""
    percent: Percent = "strict"
    """`strict`: a percent sign is hundredths; `either`: the sign may be left out or added, the number stays."""
    order: Order = "ignore"
    """Of bare lists. Tuples are always ordered, sets never."""
    rounding: Rounding = "exact"
    """`reference_digits`: within half a unit of the last place of a decimal reference; a number n: within half a unit
    of the n-th place after the point."""
    form: Form = "any"
    """`reduced`: a number or a fraction in lowest terms, no arithmetic left to do; `factored`: a product of as many
    factors as the reference, no number left in a sum."""
    kind: Kind = "auto"
    """What the reference is, where its text could be several things."""

    def check(self) -> Settings:
        """Raise DataError for a choice that does not exist."""
        for key, known in _CHOICES.items():
            if getattr(self, key) not in known:
                raise DataError(f"{key}={getattr(self, key)!r} is no setting of `math`.", cure=f"Known: {known}.")
        number = isinstance(self.rounding, int) and not isinstance(self.rounding, bool) and 0 <= self.rounding <= 50
        if not number and self.rounding not in ("exact", "reference_digits"):
            raise DataError(
                f"rounding={self.rounding!r} is no setting of `math`.",
                cure="Use 'exact', 'reference_digits' or a number of places from 0 to 50.",
            )
        return self
