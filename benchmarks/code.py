"""Programs of public datasets under the verifier `code`: are verdicts those that are known?

scripts/bench code                       all parts; goes on where it stopped; writes results/code.json
scripts/bench code contests mbxp-cpp     these parts
scripts/bench code --seconds 170         stops after that long

Parts: canonical (HumanEval, MBPP), mutants (one token changed, beside plain Python), contests (code_contests, solutions
written here), mbxp-LANGUAGE (pass rates beside the published ones). The datasets are looked for in AHA_DATA, by default
../shared/data. JavaScript's tests need lodash: `npm install lodash` in a folder of your own, and `--lodash FOLDER`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.errors import DataError, MachineError  # noqa: E402
from aha.runtime.files import make_folder  # noqa: E402
from aha.sandbox import Sandbox  # noqa: E402
from aha.verifiers.code.languages import LANGUAGES, check_installed  # noqa: E402
from benchmarks.measuring.programs import EXPLAINED, PUBLISHED, Item, canonical, contests, grade, mbxp, mutants  # noqa: E402
from benchmarks.measuring.results import RESULTS, RUNS, write_result  # noqa: E402

PARTS = ("canonical", "mutants", "contests", *(f"mbxp-{language}" for language in PUBLISHED))
WANTED_POINTS = 0.3
BATCH = 16


def main(arguments: Sequence[str] | None = None) -> None:
    """Grade what is not graded yet, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench code", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--lodash", type=Path, help="folder in which lodash was installed")
    parser.add_argument("--runs", type=Path, default=RUNS / "bench-code")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options = parser.parse_args(arguments)
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; parts: {', '.join(PARTS)}")
    deadline = time.monotonic() + options.seconds
    make_folder(options.runs)
    for part in options.parts or PARTS:
        missing = lacks(part, options.lodash)
        if missing:
            print(f"{part}: left out. {missing}")
        else:
            run(part, list(items(part, options.lodash)), options.runs, options.threads, deadline)
    started = [part for part in PARTS if (options.runs / f"{part}.jsonl").exists()]
    found = {part: summary(part, options.runs, len(list(items(part, None)))) for part in started}
    left_out = {part: why for part in PARTS if part not in found and (why := lacks(part, options.lodash))}
    facts = {"sandbox": Sandbox().level, "threads": options.threads, "wanted_points": WANTED_POINTS}
    path = write_result("code", {**facts, "parts": found, "left_out": left_out}, options.out)
    for part, figures in found.items():
        print(part, json.dumps({key: value for key, value in figures.items() if key != "differing"}))
    print(f"Written to {path}.")


def lacks(part: str, lodash: Path | None) -> str:
    """What must be installed before a part can run; empty where nothing is missing."""
    if not part.startswith("mbxp-"):
        return ""
    language = part.removeprefix("mbxp-")
    try:
        check_installed(LANGUAGES[language])
    except MachineError as error:
        return str(error)
    if language == "csharp":
        return "Its tests need the library CompareNETObjects, which is no Debian package."
    if language == "perl" and not list(Path("/usr/share/perl5").glob("Data/Compare.pm")):
        return "Its tests need Data::Compare: install the package libdata-compare-perl."
    if language == "javascript" and lodash is None:
        return "Its tests need lodash: npm install lodash in a folder, and --lodash FOLDER."
    return ""


def items(part: str, lodash: Path | None) -> Iterator[Item]:
    """The items of a part. Raises DataError where the datasets are not there."""
    data = Path(os.environ.get("AHA_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        raise DataError(f"There are no datasets in {data}.", cure="Set AHA_DATA to their folder.")
    if part.startswith("mbxp-"):
        modules = {}
        if lodash is not None:
            modules["node_modules/lodash.js"] = (lodash / "node_modules" / "lodash" / "lodash.js").read_text()
        return mbxp(data, part.removeprefix("mbxp-"), modules)
    return {"canonical": canonical, "mutants": mutants, "contests": contests}[part](data)


def run(part: str, wanted: Sequence[Item], folder: Path, threads: int, deadline: float) -> None:
    """Grade the items that have no record yet, in batches, until all are done or the time is up."""
    path = folder / f"{part}.jsonl"
    done = {record["id"] for record in records(path)}
    left = iter([item for item in wanted if item.id not in done])
    with ThreadPoolExecutor(threads) as pool, path.open("a") as file:
        while time.monotonic() < deadline and (batch := list(islice(left, BATCH))):
            for record in pool.map(grade, batch):
                file.write(json.dumps(record) + "\n")
            file.flush()
    print(f"{part}: {len(records(path))} of {len(wanted)}", flush=True)


def records(path: Path) -> list[dict[str, Any]]:
    """What was graded so far; a torn last line is left out."""
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [json.loads(line) for line in lines]


def summary(part: str, folder: Path, num_wanted: int) -> dict[str, Any]:
    """The figures of a part, and every record that differs from what is known. `reached` is false until all programs
    are graded: the published files are sorted, those that passed first."""
    found = records(folder / f"{part}.jsonl")
    counts = Counter(record["outcome"] for record in found)
    figures: dict[str, Any] = {"num_programs": num_wanted, "num_graded": len(found), "outcomes": dict(counts)}
    figures["reasons"] = dict(Counter(record["reason"] for record in found))
    language = part.removeprefix("mbxp-")
    if language in PUBLISHED:
        return {**figures, **beside_published(found, PUBLISHED[language], len(found) == num_wanted)}
    differing = [record for record in found if record["outcome"] != record.get("expected", record.get("plain"))]
    if part == "mutants":
        figures["plain"] = dict(Counter(record["plain"] for record in found))
    return {**figures, "num_differing": len(differing), "differing": differing}


def beside_published(found: Sequence[dict[str, Any]], published: float, all_graded: bool) -> dict[str, Any]:
    """Pass rates in percent: ours; with programs that leave with exit code 0 before their tests, which pass where the
    published rates come from; and with those of EXPLAINED counted as published too. `reached` goes by the second."""
    outcomes = {record["id"]: record["outcome"] for record in found}
    by_exit_code = outcomes | {record["id"]: "correct" for record in found if record["reason"] == "no_result"}
    explained = {name: why for name, (outcome, why) in EXPLAINED.items() if outcomes.get(name, outcome) != outcome}
    as_published = by_exit_code | {name: EXPLAINED[name][0] for name in explained}
    ours, comparable, rest = (pass_rate(each.values()) for each in (outcomes, by_exit_code, as_published))
    decided = all_graded and "undecided" not in outcomes.values()
    return {
        **{"pass_rate": round(ours, 2), "pass_rate_by_exit_code": round(comparable, 2), "published": published},
        "reached": decided and abs(comparable - published) <= WANTED_POINTS,
        **({"explained": explained, "pass_rate_explained": round(rest, 2)} if explained else {}),
    }


def pass_rate(outcomes: Collection[str]) -> float:
    """The percentage that is correct."""
    return 100 * Counter(outcomes)["correct"] / max(1, len(outcomes))


if __name__ == "__main__":
    main()
