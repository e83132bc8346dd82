"""Mathematical answers: read by a grammar of our own into exact values and compared as what the reference is.

Nothing is evaluated as code. See `settings.Settings` for what a task may choose.
"""

from __future__ import annotations

from aha.types import Json, Verdict
from aha.verifiers.base import (
    BadReferenceError,
    NoAnswerError,
    OverLimitsError,
    SeveralAnswersError,
    UnparsableError,
    decided,
)
from aha.verifiers.math.judge import equal, option, prepared, reference_texts
from aha.verifiers.math.scalars import UndecidedError
from aha.verifiers.math.settings import Form, Kind, Order, Percent, Rounding, Settings, Units

_FAULTS = (SeveralAnswersError, OverLimitsError, UnparsableError)


def math(
    answer: str,
    reference: Json,
    *,
    units: Units = "same",
    percent: Percent = "strict",
    order: Order = "ignore",
    rounding: Rounding = "exact",
    form: Form = "any",
    kind: Kind = "auto",
) -> Verdict:
    r"""Whether an answer is the reference's value, whatever the notation: `1/2`, `0.5`, `\frac{1}{2}`, `50\%`.

    `reference`: a number, its text or LaTeX (a `\boxed{…}` in it counts alone), or a list of accepted ones. The
    settings are those of `settings.Settings`. Raises DataError for a setting that does not exist, the exceptions of
    `aha.verifiers.base` for what is wrong with the answer, and BadReferenceError.
    """
    settings = Settings(units, percent, order, rounding, form, kind).check()
    text = prepared(answer)
    if not text:
        raise NoAnswerError
    faults: list[Exception | None] = []
    bad: Exception | None = None
    golds = reference_texts(reference)
    letters = [gold for gold in golds if len(gold) == 1 and "A" <= gold <= "J"]
    if letters and (chosen := option(text)) and chosen[0] not in letters:
        return decided(False, text)
    for gold in golds:
        try:
            if equal(gold, text, settings):
                return decided(True, text)
            faults.append(None)
        except _FAULTS as fault:
            faults.append(fault)
        except (BadReferenceError, UndecidedError) as error:
            bad = error
    if None in faults:
        return decided(False, text)
    if isinstance(bad, UndecidedError):
        return Verdict("undecided", text, "unclear")
    raise next(fault for fault in [*faults, bad] if fault is not None)
