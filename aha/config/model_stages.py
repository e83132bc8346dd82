"""Settings of the stages that make a model of written data (supervised fine-tuning, reward models) or of two models."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aha.config.block import (
    Artifact,
    Block,
    Fraction,
    NonNegative,
    Positive,
    PositiveCount,
    TemplateName,
    execution,
    reads,
)
from aha.config.learners import OptimizerSettings
from aha.config.lora import LoRASettings
from aha.config.settings import Datasets, EngineSettings, EvaluateSettings, KeepSettings, LoggingSettings


class SFTOptimizerSettings(OptimizerSettings):
    """The same with the paper's learning rate for fine-tuning, which falls to a tenth; a recipe that names only the
    rate keeps the schedule."""

    lr: NonNegative = 5e-5
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    end_frac: Fraction = 0.1


class SFTStage(Block):
    """Supervised fine-tuning: the log-probability of the answers, and of nothing else; or preferences between two."""

    kind: Literal["sft"]
    makes: ClassVar[Artifact] = "model"
    model: str = reads("model")
    same_model_as: str | None = None
    """A stage before this one that must start from the same weights (R1's second fine-tuning starts from the base)."""
    data: Datasets = reads("examples")
    """Rows with prompt and completion, messages, or chosen answers."""
    term: Literal["imitation", "preference"] = "imitation"
    """What is learned of a row: to write its answer; or, of a pair, to prefer the chosen answer (DPO)."""
    beta: Positive = 0.1
    """Of the term `preference`: how closely the model stays to the one that it starts from."""
    chat_template: str | None = None
    """Given to the tokenizer of the model that is made: `r1` (`<think>` opened by the template), or a file; None: the
    model's own."""
    template: TemplateName | None = None
    """How prompts become text; None: the chat template where there is one, else r1-zero."""
    epochs: PositiveCount = 2
    batch_size: PositiveCount = 128
    """Rows (or pairs) an update (the paper: 128)."""
    max_tokens: PositiveCount = 32768
    """A longer row is left out and counted; so is one that is longer than the model's positions."""
    max_positions: PositiveCount | None = None
    """Positions of the model that is made, where it shall have more than the one it starts from; None: those it has."""
    max_updates: PositiveCount | None = None
    """Updates after which it ends, epochs or not."""
    max_trained_tokens: PositiveCount | None = None
    """It ends with the update that brings the answers' tokens which it learned from to so many, if the epochs last so
    long; the learning rate has its end there."""
    lora: LoRASettings | None = None
    """Train low-rank adapters alone."""
    optimizer: SFTOptimizerSettings = SFTOptimizerSettings()
    engine: EngineSettings = EngineSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    """`every` counts updates here."""
    keep: KeepSettings = KeepSettings()
    logging: LoggingSettings = LoggingSettings()
    """`checkpoint_every` counts updates here."""


class RewardModelStage(Block):
    """A scalar head on a language model: Bradley–Terry on pairs (helpful), or cross-entropy on labels (safe)."""

    kind: Literal["reward_model"]
    makes: ClassVar[Artifact] = "scorer"
    model: str = reads("model")
    pairs: Datasets | None = reads("pairs", None)
    """Preferences: prompt, chosen, rejected. Either these or `labels`."""
    labels: Datasets | None = reads("labels", None)
    """Judged responses: prompt, completion, label."""
    sees: Literal["summary", "response"] = "response"
    """What of each answer it is shown, in training and ever after: what follows the thought, or everything."""
    held_out: Fraction = 0.1
    """Share of the prompts that it is tested on and not trained on."""
    epochs: PositiveCount = 1
    batch_size: PositiveCount = 256
    """Pairs or labels an update (the paper: 256)."""
    max_tokens: PositiveCount = 8192
    """A longer text is left out and counted (the paper: 8,192)."""
    min_accuracy: Annotated[float, Field(ge=0, le=1)] = execution(0.0, "The run stops under this held-out accuracy.")
    optimizer: OptimizerSettings = OptimizerSettings(lr=6e-6)
    engine: EngineSettings = EngineSettings()
    logging: LoggingSettings = LoggingSettings()


class MergeStage(Block):
    """A model whose weights are the plain average of two models' weights."""

    kind: Literal["merge"]
    makes: ClassVar[Artifact] = "model"
    model: str = reads("model")
    """Its tokenizer, chat template and generation settings are the new model's."""
    other: str = reads("model")
    """Of the same architecture, best from the same base."""
    engine: EngineSettings = EngineSettings()
