"""docs/benchmarks.md tells every door as it is."""

from __future__ import annotations

import re
from pathlib import Path

from aha.tasks.doors import DOORS
from aha.tasks.doors.door import Door

TEXT = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def styles() -> dict[str, str]:
    """Line behind the question → name of the style, as docs/benchmarks.md lists them."""
    found = re.findall(r"^\| (\w[\w ]*) \| (`+) ?(.+?) ?\2 \|$", TEXT, re.MULTILINE)
    return {"": "none", **{line: name for name, _, line in found}}


def line_of(door: Door, style: str) -> str:
    """The door's row of the table."""
    settings = ", ".join(f"{key}: {value}" for key, value in door.form.verifier_arguments.items())
    verifier = f"`{door.form.verifier}`" + (f" ({settings})" if settings else "") + f", {door.form.extract}"
    cells = (f"`{door.name}`", f"{door.num_rows:,}", door.asked, style, verifier, f"`{door.file}`")
    return f"| {' | '.join((*cells, door.origin, door.licence, door.remark))} |".replace("  |", " |")


def test_every_door_stands_in_the_docs_as_it_is() -> None:
    named = styles()
    assert not {door.form.instruction for door in DOORS.values()} - named.keys()
    expected = [line_of(door, named[door.form.instruction]) for door in DOORS.values()]
    assert [line for line in TEXT.splitlines() if re.match(r"\| `[\w-]+` \| [\d,]+ \|", line)] == expected
