"""Settings of the stages that make data: cold start, rejection sampling, general data, preferences."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aha.config.block import Artifact, Block, Fraction, PositiveCount, TemplateName, execution, reads
from aha.config.settings import DataSettings, EngineSettings

Wording = str | dict[str, str]
"""A text with gaps in braces: one for all, or one for each language of the questions (ISO 639-1)."""


class WriterSettings(Block):
    """A model that writes or judges in words: any model, the address of an endpoint, or `scripted` (lab only)."""

    model: str = reads("writer")
    temperature: Annotated[float, Field(ge=0)] = 0.6
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.95
    max_new_tokens: PositiveCount = 1024
    template: TemplateName | None = None
    """How its messages become text (a local model); None: its chat template where it has one, else r1-zero."""
    num_parallel: PositiveCount = execution(16, "Requests in flight at an endpoint.")


class FilterSettings(Block):
    """What a text must be to become training data. Each sample is dropped by the first rule that it breaks."""

    correct: bool = True
    """By the problem's verifier or the judge."""
    mixed_frac: Fraction = 0.1
    """The most words of the thought that may be in another language than the question's."""
    paragraph_chars: PositiveCount = 2000
    """The longest paragraph."""
    code_blocks: bool = False
    """Whether a thought may hold code blocks."""
    repetition: Fraction = 0.2
    max_tokens: PositiveCount | None = None
    """Of the whole response; None: no limit."""
    max_kept: PositiveCount = 4
    """Samples of one problem, the shortest first."""
    near_duplicate: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Similarity (Jaccard, of word 5-grams) from which two responses to one problem, or two questions, are the same."""
    decontaminate: list[str] = reads("benchmarks", [])
    """Benchmarks whose questions and reference solutions no sample may share a 10-gram with."""


class CollectStage(Block):
    """Cold start: a few thousand long, readable solutions (DeepSeek-R1, 2.3.1), in one of four ways."""

    kind: Literal["collect"]
    makes: ClassVar[Artifact] = "examples"
    way: Literal["fewshot", "direct", "rewrite", "reviewed"]
    """A long worked example in the prompt; a prompt that asks for reflection and verification; R1-Zero's own outputs
    rewritten; what people accepted and edited (`aha review`)."""
    model: str | None = reads("writer", None)
    """Who answers; for `rewrite` the R1-Zero model. None for `reviewed`."""
    data: DataSettings | None = None
    """The questions. None for `reviewed`."""
    num_problems: PositiveCount = 256
    num_samples: PositiveCount = 4
    """Answers to each."""
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_new_tokens: PositiveCount = 1024
    prompt: Wording | None = None
    """What is asked, with `{question}`; for `fewshot` with `{examples}`; for `rewrite` what the writer is asked, with
    `{thought}` and `{answer}`. None: the built-in one."""
    examples: str | None = reads("examples", None)
    """Worked examples for `fewshot` (None: the built-in ones); the exported file for `reviewed`."""
    num_examples: PositiveCount = 1
    """Worked examples in a few-shot prompt, drawn for each question; those of its own source and language first."""
    example: str | None = None
    """How one of them is shown, with `{question}`, `{thought}`, `{summary}` or `{answer}`; None: the built-in way."""
    end: str | None = None
    """A text at which an answer is cut: where a base model goes on with another question. None: nowhere."""
    summary: Wording | None = None
    """What a response without a summary of its own gets as one, with `{answer}`; None: such a response is dropped."""
    writer: WriterSettings | None = None
    """Who rewrites thought and summary in readable form; needed by `rewrite`."""
    filters: FilterSettings = FilterSettings(max_kept=1)
    """For `rewrite` of the outputs and again of what was written."""
    num_parallel: PositiveCount = execution(16, "Requests in flight at an endpoint.")
    engine: EngineSettings = EngineSettings()


class RejectionStage(Block):
    """Rejection sampling: many answers of a model, of which those that pass rules or a judge become training data."""

    kind: Literal["rejection"]
    model: str = reads("writer")
    data: DataSettings
    num_problems: PositiveCount | None = None
    """None: each problem of each task once."""
    num_samples: PositiveCount = 8
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_new_tokens: PositiveCount = 1024
    judge: WriterSettings | None = None
    """Decides where no rule applies (problems whose verifier is `judge`), from question, reference and answer."""
    filters: FilterSettings = FilterSettings()
    leaves: Literal["examples", "pairs"] = "examples"
    """The answers that pass; or pairs that teach to be short: the shortest of them against longer ones that are wrong,
    or correct and 1.5 times as long, up to `filters.max_kept` pairs a problem."""
    budget: Literal["think_tokens", "max_think_tokens"] | None = None
    """Writes behind the question of each answer kept how many tokens it took ("Think for n tokens."), so that a model
    fine-tuned on them learns what such a prompt means."""
    min_kept: PositiveCount = 1
    """The stage stops the run where fewer samples (or pairs) are left."""
    num_parallel: PositiveCount = execution(16, "Requests in flight at an endpoint.")
    engine: EngineSettings = EngineSettings()

    @property
    def makes(self) -> Artifact:
        """Examples or pairs."""
        return self.leaves


class GeneralFile(Block):
    """Rows of general data: a question (or messages) and an answer."""

    name: str = reads("tasks")
    """`file:PATH`, or the lab's rows: `lab:general`, `lab:instructions`, `lab:safety`; arguments as of a task file."""
    category: str | None = None
    """writing, questions, self-knowledge, translation, role-play, greeting, instructions; None: each row's own."""
    thought: bool = True
    """Whether the writer puts a thought before the answer."""
    limit: PositiveCount | None = None


class GeneralStage(Block):
    """General data for the second fine-tuning (DeepSeek-R1, 2.3.3): from files, a thought written first for some."""

    kind: Literal["general"]
    makes: ClassVar[Artifact] = "examples"
    files: Annotated[list[GeneralFile], Field(min_length=1)]
    writer: WriterSettings | None = None
    """Who writes the thoughts; needed where a file asks for them."""
    prompt: Wording | None = None
    """What the writer is asked, with `{question}` and `{answer}`; None: the built-in one."""
    filters: FilterSettings = FilterSettings(correct=False)
    engine: EngineSettings = EngineSettings()


class PreferenceStage(Block):
    """Answers of a model compared (or labelled) by a judge: what a reward model is trained on."""

    kind: Literal["preference"]
    model: str = reads("writer")
    """Who answers."""
    data: DataSettings
    num_problems: PositiveCount = 256
    num_samples: PositiveCount = 2
    """Answers to each problem; more than two are ranked and give all their pairs."""
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_new_tokens: PositiveCount = 1024
    judge: WriterSettings
    question: Literal["helpful", "safe"] = "helpful"
    """Which of two answers is more helpful, from their summaries (pairs); whether a whole response is safe (labels)."""
    num_judgements: PositiveCount = 4
    """Judgements of a pair, its two orders in turn; of a label: the majority."""
    min_margin: Annotated[float, Field(ge=0)] = 1.0
    """Pairs are kept whose mean judgement, from -2 to 2, lies beyond it (DeepSeek-R1 v2: more than 1)."""
    balance_length: bool = True
    """Drop pairs until chosen and rejected answers are equally long on average."""
    principles: str = ""
    """Added to the judge's instructions."""
    engine: EngineSettings = EngineSettings()

    @property
    def makes(self) -> Artifact:
        """Pairs or labels."""
        return "pairs" if self.question == "helpful" else "labels"
