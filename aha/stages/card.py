"""The model card: what a model folder was made from, how, and how well it does."""

from __future__ import annotations

from collections.abc import Mapping

from aha.config.settings import RLStage
from aha.stages.graph import Node
from aha.types import Evaluation, Json


def model_card(node: Node, stage: RLStage, facts: Mapping[str, Json], evaluations: Mapping[str, Evaluation]) -> str:
    """README.md of a model folder, with the metadata block that model hubs read."""
    tasks = ", ".join(entry if isinstance(entry, str) else str(entry.get("name")) for entry in stage.data.tasks)
    algorithm = stage.algorithm
    settings = [
        ("rewards", ", ".join(f"{reward.name} × {reward.weight:g}" for reward in stage.rewards)),
        ("rounds", f"{facts['rounds']} (the model is from round {facts['model_round']})"),
        ("updates", f"{facts['updates']}"),
        ("sampled tokens", f"{facts['sampled_tokens']:,}"),
        ("a round", f"{stage.sampling.num_problems} problems × {stage.sampling.group_size} completions"),
        ("length limit", f"{stage.sampling.max_new_tokens} new tokens"),
        ("advantage", f"baseline {algorithm.baseline}, scale {algorithm.scale}"),
        ("objective", f"{algorithm.objective}, {algorithm.ratio} ratio, {algorithm.aggregate}"),
        ("KL", f"{algorithm.kl.estimator} in the {algorithm.kl.place}, coefficient {algorithm.kl.coef:g}"
         if algorithm.kl.place != "none" else "none"),
        ("learning rate", f"{stage.optimizer.lr:g}, {stage.optimizer.schedule}"),
        ("seed", node.inputs["seed"]),
    ]  # fmt: skip
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-generation",
        "tags: [reasoning, reinforcement-learning, aha]",
        "---",
        f"# {node.name}",
        "",
        f"Trained with `aha` by reinforcement learning with verifiable rewards from the base `{stage.model}` "
        f"(weights {node.inputs.get('model', '?')[:12]}) on {tasks}.",
        "",
        "| setting | value |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in settings),
        "",
        "## Scores",
        "",
        *score_lines(evaluations),
        "",
        "## Use",
        "",
        "The prompt must have the form that it was trained with; `aha chat` and `aha eval` take care of that.",
        "",
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        "",
        'model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")',
        'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
        "```",
        "",
    ]
    return "\n".join(lines)


def score_lines(evaluations: Mapping[str, Evaluation]) -> list[str]:
    """A table of scores with 95 % intervals over problems, in percent."""
    if not evaluations:
        return ["None were asked for."]
    lines = [
        "| benchmark | problems | k | pass@1 | pass@k | cons@k | format | mean tokens |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in evaluations.items():
        cells = [
            f"{100 * i.value:.1f} ({100 * i.low:.1f} – {100 * i.high:.1f})"
            for i in (found.scores[score] for score in ("pass@1", "pass@k", "cons@k"))
        ]
        numbers = f"{100 * found.format_rate:.1f} | {found.mean_tokens:.0f}"
        lines.append(f"| {name} | {found.num_problems} | {found.k} | {' | '.join(cells)} | {numbers} |")
    return [*lines, "", "Percent, with 95 % bootstrap intervals over problems."]
