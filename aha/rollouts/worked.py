r"""Worked examples that a few-shot prompt shows where the user has none: long thoughts that reflect and verify.

Written for this package: a word problem with a wrong start, an equation whose solution is put in again, a count that is
done in two ways.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aha.errors import DataError
from aha.rollouts.examples import BadRowError, messages_of
from aha.tasks.files import read_rows
from aha.text.response import split_response


@dataclass(slots=True, frozen=True)
class WorkedExample:
    """A question and how one answers it."""

    question: str
    thought: str
    summary: str
    source: str = ""
    language: str = "en"


BUILT_IN = (
    WorkedExample(
        question=(
            "A boat covers 36 km downstream in 2 hours and needs 3 hours for the way back. How fast is the current, "
            "in km/h?"
        ),
        thought=(
            "I am asked for the speed of the current. What I know: 36 km in 2 hours with the current, the same 36 km "
            "in 3 hours against it.\n\n"
            "First idea: the average speed is 72 km in 5 hours, 14.4 km/h, and the current is what is missing to the "
            "faster speed. Downstream the boat makes 36 / 2 = 18 km/h, so 18 - 14.4 = 3.6. Wait, is that right? The "
            "average over the whole trip is not the boat's own speed, because the boat spends more time going "
            "upstream. So that number is not the current. I start again.\n\n"
            "Let b be the boat's own speed and c the current. Downstream b + c = 36 / 2 = 18. Upstream b - c = 36 / 3 "
            "= 12. I add both: 2b = 30, so b = 15. Then c = 18 - 15 = 3.\n\n"
            "Let me verify. Downstream 15 + 3 = 18 km/h, and 18 * 2 = 36 km. Upstream 15 - 3 = 12 km/h, and 12 * 3 = "
            "36 km. Both fit. With 3.6 from my first idea the boat would have to make 14.4 km/h on its own, and "
            "upstream 14.4 - 3.6 = 10.8, which gives 32.4 km in 3 hours; that does not fit, so it was right to drop "
            "it.\n\n"
            "The current is 3 km/h."
        ),
        summary=(
            "Downstream the boat makes $36/2 = 18$ km/h, upstream $36/3 = 12$ km/h. With its own speed $b$ and the "
            "current $c$: $b + c = 18$ and $b - c = 12$, so $2c = 6$.\n\nThe current is $\\boxed{3}$ km/h."
        ),
    ),
    WorkedExample(
        question="Find all real numbers x with sqrt(2x + 7) = x - 4.",
        thought=(
            "I need the real x for which the root of 2x + 7 equals x - 4. A root is never negative, so x - 4 has to "
            "be at least 0: x >= 4. I keep that in mind, because squaring may bring in solutions that are none.\n\n"
            "Squaring both sides: 2x + 7 = (x - 4)^2 = x^2 - 8x + 16. Everything on one side: x^2 - 10x + 9 = 0. Let "
            "me check the signs: -8x - 2x = -10x, and 16 - 7 = 9. Good.\n\n"
            "Factors of 9 that add up to 10: 1 and 9. So (x - 1)(x - 9) = 0 and x = 1 or x = 9.\n\n"
            "Now the condition from the start: x = 1 is smaller than 4. To be sure I put both in. x = 1: the root of "
            "9 is 3, the right side is 1 - 4 = -3. Not equal, so 1 is out. x = 9: the root of 25 is 5, the right side "
            "is 9 - 4 = 5. Equal.\n\n"
            "Could there be a solution that I have lost? Squaring never loses one, and the quadratic has only these "
            "two roots. So x = 9 is the only one."
        ),
        summary=(
            "The right side must not be negative, so $x \\ge 4$. Squaring gives $x^2 - 10x + 9 = 0$, hence $x = 1$ or "
            "$x = 9$; only $x = 9$ satisfies $x \\ge 4$, and indeed $\\sqrt{25} = 5$.\n\n$x = \\boxed{9}$"
        ),
    ),
    WorkedExample(
        question="How many three-digit numbers have at least one digit 7?",
        thought=(
            "I count the numbers from 100 to 999 in which a 7 occurs at least once. At least once asks for the "
            "opposite: all of them minus those without any 7.\n\n"
            "All: 999 - 99 = 900. Without a 7: the first digit is one of 1 to 9 but not 7, which leaves 8; the second "
            "and the third are one of 0 to 9 but not 7, 9 each. That is 8 * 9 * 9 = 648. So 900 - 648 = 252.\n\n"
            "I want to check this another way, directly. A 7 in front: 10 * 10 = 100 numbers. A 7 in the middle: 9 * "
            "10 = 90. A 7 at the end: 9 * 10 = 90. Sum 280. Hmm, that is more than 252. But numbers with two sevens "
            "are in there twice: front and middle 10, front and end 10, middle and end 9, together 29. 280 - 29 = "
            "251. Now 777 was counted three times and taken out three times, so it has to come back once: 252.\n\n"
            "Both ways give 252."
        ),
        summary=(
            "There are 900 three-digit numbers, and $8 \\cdot 9 \\cdot 9 = 648$ of them have no 7.\n\n"
            "So $900 - 648 = \\boxed{252}$ have at least one."
        ),
    ),
)


def read_worked(path: Path) -> list[WorkedExample]:
    """Worked examples of a data file: rows whose last message is a response with a thought.

    Raises DataError where no row is one.
    """
    found: list[WorkedExample] = []
    num_rows = 0
    for _, row in read_rows(path, lambda number, error: None):
        num_rows += 1
        with suppress(BadRowError):
            messages = messages_of(row)
            response = split_response(messages[-1]["content"])
            if len(messages) > 1 and response is not None and response.thought is not None:
                source, language = str(row.get("source", "")), str(row.get("language", "en"))
                asked = messages[-2]["content"]
                found.append(WorkedExample(asked, response.thought, response.summary, source, language))
    if not found:
        raise DataError(
            f"None of the {num_rows} rows of {path} is a question with a thought and a summary.",
            cure="A response is <think>, the thought, </think>, then the summary.",
        )
    return found
