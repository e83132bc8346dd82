"""Math verdicts beside Math-Verify's: how often each is wrong, how fast, and what hostile text does to ours.

scripts/bench verdicts             all of it; writes results/verdicts.json, verdicts-rows, -speed and -hostile
scripts/bench verdicts --only math_test --skip speed,hostile
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from benchmarks.measuring import generated, labelled  # noqa: E402
from benchmarks.measuring.graders import Graders, Said, turn  # noqa: E402
from benchmarks.measuring.labelled import Case, data_folder  # noqa: E402
from benchmarks.measuring.pair_conventions import CONVENTIONS, LEFT_OUT, verification_pairs  # noqa: E402
from benchmarks.measuring.results import RESULTS, RUNS, write_result  # noqa: E402

GRADERS = ("aha", "Math-Verify")
REAL: tuple[Callable[[], Iterator[Case]], ...] = (
    labelled.gsm8k_model_solutions,
    labelled.qwen_math_samples,
    labelled.tora_gsm8k_outputs,
    labelled.openmathinstruct2_sample,
    labelled.math_test,
    labelled.aime,
    verification_pairs,
    labelled.game24,
)
"""Sets whose verdicts others gave, or that hold two copies of one answer."""
GENERATED: tuple[Callable[[], Iterator[Case]], ...] = (
    labelled.own_golds,
    generated.other_answers,
    generated.other_questions,
    generated.near_misses,
    generated.rewritten,
)
PEER_EVERY = 20
"""Of the pairs made from golds the peer is asked about one in so many; it would need hours for all of them."""
PEERS_OWN = "verification_pairs, Math-Verify's tests"
PARTS = ("sets", "speed", "hostile")
MAX_SHOWN = 300
"""Characters of an answer in the file of rows."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench verdicts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="sets whose name starts with this")
    parser.add_argument("--skip", default="", help=f"parts left out, of {', '.join(PARTS)}")
    parser.add_argument("--hostile", type=int, default=1_000_000, help="hostile strings")
    parser.add_argument(
        "--thin", type=int, default=1, help="of the pairs made from golds, one in so many (a divisor of 20), 0: none"
    )
    parser.add_argument("--remembered", type=Path, default=RUNS / "math-verify-answers.txt", help="the peer's answers")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result files")
    options = parser.parse_args(arguments)
    if not data_folder().is_dir():
        sys.exit(f"There is no data folder {data_folder()}; set AHA_DATA to it.")
    skipped = options.skip.split(",")
    if "sets" not in skipped:
        options.remembered.parent.mkdir(parents=True, exist_ok=True)
        sets, false_rows = judge_sets(options.only, options.remembered, options.thin)
        totals = pooled(sets)
        facts = {"one_in": options.thin, "conventions": conventions(), "sets": sets, "pooled": totals}
        write_result("verdicts-rows", {"rows": false_rows}, options.out)
        print_sets(sets, totals)
        print(f"Written to {write_result('verdicts', facts, options.out)}.")
    if "speed" not in skipped:
        from benchmarks.measuring.verdict_speed import batch_beside_clean, speeds, tell_speeds

        found = {"speed": speeds(), "batch": batch_beside_clean()}
        tell_speeds(found["speed"])
        print(f"1 000 answers: {found['batch']}")
        print(f"Written to {write_result('verdicts-speed', found, options.out)}.")
    if "hostile" not in skipped:
        from benchmarks.measuring.hostile import attack

        attacked = attack(options.hostile)
        print(f"Hostile text: {attacked}")
        print(f"Written to {write_result('verdicts-hostile', attacked, options.out)}.")


def conventions() -> dict[str, Any]:
    """How each source of verification_pairs is read, and the rows that are left out."""
    sources = {name: {"counts": words, "settings": dict(values)} for name, (words, values) in CONVENTIONS.items()}
    return {"sources": sources, "left_out": LEFT_OUT}


def known_label_errors() -> dict[tuple[str, str], str]:
    """(set, row) → why its label is wrong, from the file beside this script."""
    named = json.loads((ROOT / "benchmarks" / "label_errors.json").read_text(encoding="utf-8"))
    return {(row["set"], row["id"]): row["reason"] for row in named}


def judge_sets(only: str, remembered: Path | None = None, thin: int = 1) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Counts of every set, and every case that a grader got wrong or did not decide."""
    errors = known_label_errors()
    counts: dict[str, dict[str, Any]] = {}
    false_rows = []
    with Graders(remembered) as graders:
        for make in (*REAL, *(GENERATED if thin else ())):
            every = PEER_EVERY if make in GENERATED else 1
            cases = (
                case for case in make() if case.set_name.startswith(only) and turn(case, every) % max(thin, 1) == 0
            )
            for case, all_said in graders.judge(cases, every):
                blank = {"generated": make in GENERATED, "num_cases": 0, "num_equal": 0, "label_errors": []}
                own = counts.setdefault(case.set_name, {**blank, **{name: Counter() for name in GRADERS}})
                if (case.set_name, case.id) in errors:
                    own["label_errors"].append(case.id)
                    continue
                own["num_cases"] += 1
                own["num_equal"] += case.label
                kinds = {name: kind(case, one) for name, one in all_said.items()}
                for name, one in kinds.items():
                    own[name][one] += 1
                if set(kinds.values()) != {"right"}:
                    false_rows.append(shown(case, kinds, all_said))
    return {name: plain(own) for name, own in counts.items()}, false_rows


def kind(case: Case, one: Said) -> str:
    """`right`, `false_correct`, `false_wrong`, or `undecided`."""
    if one.outcome == "undecided":
        return "undecided"
    if (one.outcome == "correct") == case.label:
        return "right"
    return "false_wrong" if case.label else "false_correct"


def plain(own: Mapping[str, Any]) -> dict[str, Any]:
    """A set's counts as JSON; a grader that was not asked is left out."""
    kinds = ("false_correct", "false_wrong", "undecided")
    graders = {
        name: {"num_asked": own[name].total(), **{each: own[name][each] for each in kinds}}
        for name in GRADERS
        if own[name]
    }
    return {**{key: value for key, value in own.items() if key not in GRADERS}, **graders}


def shown(case: Case, kinds: Mapping[str, str], all_said: Mapping[str, Said]) -> dict[str, Any]:
    """One case for the file of rows: what was asked and what each said."""
    from aha.text.answers import last_boxed

    answer = last_boxed(case.response) or case.response
    return {
        "set": case.set_name,
        "id": case.id,
        "equal": case.label,
        "gold": str(case.gold)[-MAX_SHOWN:],
        "answer": answer[-MAX_SHOWN:],
        **{
            name: {"kind": kinds[name], "reason": one.reason, "extracted": (one.extracted or "")[:MAX_SHOWN]}
            for name, one in all_said.items()
        },
    }


def pooled(sets: Mapping[str, Any]) -> dict[str, Any]:
    """Totals over sets, and what the issue asks for. For ours an undecided equal pair counts as a false wrong here."""
    both = {name: own for name, own in sets.items() if "Math-Verify" in own}  # all but game24
    groups = {
        "labelled sets, without the peer's own tests": [
            own for name, own in both.items() if not own["generated"] and name != PEERS_OWN
        ],
        "the peer's own tests": [own for name, own in both.items() if name == PEERS_OWN],
        "pairs made from golds": [own for own in both.values() if own["generated"]],
    }
    return {
        title: {
            "num_cases": sum(own["num_cases"] for own in group),
            **{grader: {key: sum(own[grader][key] for own in group) for key in group[0][grader]} for grader in GRADERS},
        }
        for title, group in groups.items()
        if group
    }


def cell(counts: Mapping[str, int]) -> str:
    """`0 / 3 / 1 of 488`."""
    return f"{counts['false_correct']} / {counts['false_wrong']} / {counts['undecided']} of {counts['num_asked']}"


def print_sets(sets: Mapping[str, Any], totals: Mapping[str, Any]) -> None:
    """The table in the terminal: false correct / false wrong / undecided of each grader, of how many asked."""
    from rich.console import Console
    from rich.table import Table

    table = Table("set", "cases", "equal", *GRADERS, "label errors", title="false correct / false wrong / undecided")
    for name, own in [*sets.items(), *totals.items()]:
        cells = [cell(own[grader]) if grader in own else "–" for grader in GRADERS]
        table.add_row(
            name, str(own["num_cases"]), str(own.get("num_equal", "")), *cells, str(len(own.get("label_errors", [])))
        )
    Console(width=132).print(table)


if __name__ == "__main__":
    main()
