"""Checkpoints of any training stage: saved whole, found again, and refused where going on would give other bits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aha.errors import DataError
from aha.runtime import checkpoints
from aha.runtime.checkpoints import Checkpoint
from aha.stages.parts import StageParts
from aha.types import Json

LEARNER = "learner"
"""Where the learner's state lies in a checkpoint."""


def keep(
    parts: StageParts,
    step: int,
    progress: dict[str, Json],
    write: Callable[[Path], None],
    num_last: int,
    best: int | None,
) -> None:
    """Save the state after `step`, unless it is there whole, and delete all but the newest `num_last` and `best`.

    `write(folder)` saves the tensors. All processes call it together.
    """
    folder = parts.directory.checkpoints
    if parts.writes and not checkpoints.holds(folder, step):
        with parts.clock.phase("checkpoint"):
            state = {
                "key": parts.key,
                "progress": progress,
                "machine": parts.machine,
                "offsets": parts.log.offsets(),
            }
            checkpoints.save(folder, step, write, state)
    tidy(parts, step, num_last, best)
    parts.world.barrier()


def tidy(parts: StageParts, step: int, num_last: int, best: int | None) -> None:
    """Delete the checkpoints that are not kept beside that of `step`, and what a killed save or deletion left; also to
    be called where a stage goes on, since the kill may have come between the save and this."""
    folder = parts.directory.checkpoints
    if parts.writes:
        checkpoints.retain(folder, kept_steps(folder, num_last, best) | {step})


def kept_steps(folder: Path, num_last: int, best: int | None) -> set[int]:
    """The newest `num_last` checkpoints, and the best one where that is kept."""
    steps = sorted(int(path.name.removeprefix("step-")) for path in folder.glob("step-*"))
    return set(steps[-num_last:]) | ({best} if best is not None else set())


def find(parts: StageParts) -> Checkpoint | None:
    """The newest whole checkpoint; None, with the logs back at their start, where the stage begins.

    Raises DataError where the checkpoint is of other settings, or where the machine differs in what the last bit of a
    result depends on and `accept_drift` is not given.
    """
    found = checkpoints.latest(parts.directory.checkpoints, tell=lambda text: parts.event("warning", text=text))
    if found is None:
        if parts.writes:
            parts.log.rewind({})
        return None
    if found.state["key"] != parts.key:
        raise DataError(
            f"{found.path} was made with other settings or another model.",
            cure="Run in another --dir, or start the stage again with --from.",
        )
    check_machine(found.state["machine"], parts)
    return found


def went_back(parts: StageParts, found: Checkpoint) -> None:
    """After the state was restored: the logs go back to where they were."""
    if parts.writes:
        parts.log.rewind(found.state["offsets"])
        parts.event("resume", stage=parts.name, step=found.step)


def check_machine(saved: dict[str, Json], parts: StageParts) -> None:
    """Refuse, unless drift is accepted, to go on where results would differ in the last bits."""
    changed = [
        f"{name} was {saved.get(name)}, is {now}" for name, now in parts.machine.items() if saved.get(name) != now
    ]
    if not changed:
        return
    if not parts.accept_drift:
        raise DataError(
            f"This machine would not reproduce the run bit for bit: {'; '.join(changed)}.",
            cure="Go on where the run began, or pass --accept-drift.",
        )
    if parts.writes:
        parts.event("drift", changed=changed)
