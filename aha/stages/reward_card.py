"""The model card of a reward model: what it was made from, what it sees, what its scores are worth, how to use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aha.config.model_stages import RewardModelStage
from aha.evaluation.reward_models import HeldOut
from aha.stages.graph import Node

SEEN = {
    "summary": "what follows the thought of an answer, and nothing of the thought",
    "response": "whole answers, their thoughts included",
}


def reward_card(
    node: Node, stage: RewardModelStage, counts: Sequence[Mapping[str, int]], num_updates: int, found: HeldOut | None
) -> str:
    """README.md of the folder. `counts`: items kept and left out, by data set."""
    key, datasets = ("pairs", stage.pairs) if stage.pairs else ("labels", stage.labels)
    data = ["| data | weight | kept | left out | SHA-256 |", "|---|---|---|---|---|"]
    for number, (entry, counted) in enumerate(zip(datasets or [], counts, strict=True)):
        left_out = ", ".join(f"{reason} {count:,}" for reason, count in counted.items() if reason != "kept") or "–"
        hashed = node.inputs.get(f"{key}.{number}", "?")[:12]
        data.append(f"| {entry.name} | {entry.weight:g} | {counted['kept']:,} | {left_out} | {hashed} |")
    loss = "Bradley–Terry on pairs" if stage.pairs else "binary cross-entropy on labels"
    source = node.sources["model"]
    base = node.model if source.source is None else source.name
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-classification",
        "tags: [reward-model, aha]",
        "---",
        f"# {node.name}",
        "",
        f"A scalar head on `{base}` (weights {node.inputs.get('model', '?')[:12]}), trained with `aha`: {loss}.",
        f"It sees {SEEN[stage.sees]} (`sees: {stage.sees}` in config.json).",
        "",
        "## Data",
        "",
        *data,
        "",
        "## Settings",
        "",
        "| setting | value |",
        "|---|---|",
        f"| updates | {num_updates}, {stage.epochs} epochs |",
        f"| {key} an update | {stage.batch_size} |",
        f"| longest text | {stage.max_tokens:,} tokens |",
        f"| learning rate | {stage.optimizer.lr:g}, {stage.optimizer.schedule} |",
        f"| precision | {stage.engine.dtype} over fp32 masters |",
        f"| seed | {node.inputs['seed']} |",
        "",
        "## Scores",
        "",
        *score_lines(found),
        "",
        "## Use",
        "",
        "Higher is better; scores compare answers to the same question and have no unit. One answer at a time, or rows",
        "padded with the tokenizer's padding token:",
        "",
        "```python",
        "from transformers import AutoModelForSequenceClassification, AutoTokenizer",
        "",
        'model = AutoModelForSequenceClassification.from_pretrained("path/to/this/folder")',
        'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
        'messages = [{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi! How can I help?"}]',
        'inputs = tokenizer.apply_chat_template(messages, return_tensors="pt", return_dict=True)',
        "print(model(**inputs).logits[0, 0].item())",
        "```",
        "",
    ]
    return "\n".join(lines)


def score_lines(found: HeldOut | None) -> list[str]:
    """Held-out figures as a table."""
    if found is None:
        return ["No prompts were held out."]
    rows = [
        f"| {name.replace('_', ' ')} | {100 * value:.1f} % ({100 * low:.1f} – {100 * high:.1f}) |"
        for name, (value, low, high) in found.scores().items()
    ]
    slope = "–" if found.length_correlation is None else f"{found.length_correlation:.2f}"
    return [
        "| held out | value |",
        "|---|---|",
        f"| judgements | {found.num_items:,} on {found.num_prompts:,} prompts |",
        *rows,
        f"| calibration error | {found.calibration_error:.3f} |",
        f"| correlation of score and length | {slope} |",
        "",
        "95 % bootstrap intervals over prompts; `longest answer` and `majority` are what no model at all would reach.",
    ]
