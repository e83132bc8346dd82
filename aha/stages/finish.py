"""The end of an RL stage: its model, its scores, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aha.evaluation.answerers import Drawing
from aha.models.load import locate
from aha.models.weights import model_hash
from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.runtime.run_directory import StageDirectory
from aha.stages.card import model_card
from aha.stages.ending import Ended
from aha.stages.evaluate import Examiner, score_all, score_table
from aha.stages.graph import Node, file_hash
from aha.stages.keeping import LEARNER
from aha.stages.parts import RLParts
from aha.stages.pretrain import CORPUS_FILE
from aha.stages.progress import Progress, longest_limit
from aha.types import Evaluation, Json, NamedTensors

STAGED_MODEL = ".tmp-model"


def finish_rl(parts: RLParts, progress: Progress, node: Node, examiner: Examiner) -> None:
    """Write model/, evaluation-*.json, the model card and, last, result.json. All of it again gives the same bytes."""
    if not parts.writes:
        parts.world.barrier()
        return
    stage, place = parts.stage, parts.directory
    chosen_round, ended = progress.model_round(stage), progress.ended(stage)
    parts.event("ended", stage=node.name, step=progress.round, why=ended, model_round=chosen_round)
    parts.tell(f"{node.name}: {in_words(ended, progress.round, chosen_round)}")
    if chosen_round != progress.round:
        parts.learner.load(place.checkpoints / f"step-{chosen_round:06d}" / LEARNER)
        parts.sampler.sync(parts.learner.weights(), progress.policy_version + 1)
    export_model(place.path, parts.export, parts.learner.weights())
    found_hash = model_hash(place.model)
    settings = stage.evaluate
    evaluations = score_all(
        settings.final_on or settings.on,
        place,
        examiner,
        num_problems=None,
        k=settings.final_k,
        drawing=Drawing(
            settings.temperature, settings.top_p, settings.max_new_tokens or longest_limit(stage), parts.seed
        ),
        model_hash=found_hash,
    )
    facts: dict[str, Json] = {
        "rounds": progress.round,
        "model_round": chosen_round,
        "updates": progress.update,
        "sampled_tokens": progress.num_tokens,
        "trained_tokens": progress.num_trained_tokens,
        "trained_parameters": trained_parameters(parts),
    }
    files.write_text(place.model / "README.md", model_card(node, stage, facts, evaluations, examiner.template))
    write_result(node, place, evaluations, found_hash, facts, {"ended": ended})
    parts.world.barrier()


def trained_parameters(parts: RLParts) -> int:
    """Numbers that the policy's learner (adapters alone, where it has them) and the critic learn."""
    return parts.learner.num_trained_parameters + (parts.critic.num_trained_parameters if parts.critic else 0)


def in_words(ended: Ended | None, last_round: int, model_round: int) -> str:
    """Why a stage ended, and which model it leaves."""
    why = {
        "tokens": "the tokens are spent (max_trained_tokens)",
        "plateau": "no gain any more (stop.patience)",
        "over_optimised": "the reward rose while the held-out score fell (monitor)",
    }.get(ended or "", "all rounds done")
    which = "the last one" if model_round == last_round else f"the best one, of round {model_round}"
    return f"ended after round {last_round}: {why}; its model is {which}."


def export_model(folder: Path, export: Callable[[Path, NamedTensors], None], weights: NamedTensors) -> None:
    """Replace `folder/model` by one with these weights; it appears whole."""
    staged, target = folder / STAGED_MODEL, folder / "model"
    for leftover in (staged, target):
        if leftover.exists():
            files.remove_tree(leftover)
    export(staged, weights)
    files.rename(staged, target)


def write_result(
    node: Node,
    place: StageDirectory,
    evaluations: Mapping[str, Evaluation],
    found_hash: str | None,
    cost: Mapping[str, Json],
    more: Mapping[str, Json] | None = None,
) -> None:
    """result.json: what was made from what, and the cost; seconds stand apart under `timing`. `found_hash` None: no
    model was made or scored; `more`: further facts."""
    seconds: dict[str, float] = {}
    for line in read_lines(place.timing):
        for name, value in line.items():
            if name.startswith("seconds/") and value is not None:
                phase = name.removeprefix("seconds/")
                seconds[phase] = seconds.get(phase, 0.0) + value
    corpus = files.read_json(locate(node.model) / CORPUS_FILE) if node.model and found_hash else None
    record: dict[str, Json] = {
        "stage": node.name,
        "kind": node.stage.kind,
        "key": node.key,
        "inputs": node.inputs,
        "model_hash": found_hash,
        "cost": dict(cost),
        "scores": score_table(evaluations),
        "timing": {"seconds": seconds},
    }
    record |= {"corpus_reflection": corpus["reflection"]} if corpus else {}
    files.write_json(place.result, record | dict(more or {}))


def write_data(
    node: Node,
    place: StageDirectory,
    rows: Sequence[Mapping[str, Json]],
    counts: Mapping[str, Json],
    cost: Mapping[str, Json],
    more: Mapping[str, Json] | None = None,
) -> None:
    """data/KIND.jsonl with one row a line, whole or not at all, and result.json with its hash and what was counted."""
    path = place.data_file(node.stage.makes)
    files.make_folder(path.parent)
    files.write_bytes(path, b"".join(files.json_bytes(dict(row), path, indent=None) + b"\n" for row in rows))
    facts = {"data_hash": file_hash(path), "num_rows": len(rows), "counts": dict(counts)}
    write_result(node, place, {}, None, cost, facts | dict(more or {}))
