"""What the stages that make data share: progress and time, the model's answers, and the end where nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aha.config.block import TemplateName
from aha.config.data_stages import CollectStage, PreferenceStage, RejectionStage, WriterSettings
from aha.config.settings import DataSettings, EngineSettings
from aha.errors import DataError
from aha.rollouts.asking import Answered, Drawn, ask_problems, distinct_problems, num_remembered
from aha.rollouts.collect import OnProgress
from aha.rollouts.problems import ProblemStream, load_tasks, task_weights
from aha.runtime import files
from aha.runtime.clock import PhaseClock
from aha.runtime.live import LiveView
from aha.stages.build import open_words
from aha.stages.finish import write_data
from aha.stages.graph import Node
from aha.stages.session import Session
from aha.types import Json, Message, Problem

if TYPE_CHECKING:
    from aha.engines.words import WordsModel, WordsReply


@dataclass(slots=True)
class Making:
    """A data stage at work, on rank 0 alone."""

    session: Session
    node: Node
    busy: OnProgress
    """Told of progress; raises where somebody asked to stop."""
    clock: PhaseClock = field(default_factory=PhaseClock)
    counts: dict[str, Json] = field(default_factory=dict)
    """What went in, what was dropped and why, what is kept."""
    cost: dict[str, Json] = field(default_factory=dict)
    dropped_examples: dict[str, Json] = field(default_factory=dict)
    """One dropped text a rule, for people."""
    more: dict[str, Json] = field(default_factory=dict)
    """Further facts for the result."""

    @property
    def seed(self) -> int:
        """The run's."""
        return self.session.recipe.seed

    @contextmanager
    def model(
        self, key: str, engine: EngineSettings, template: TemplateName | None, num_parallel: int
    ) -> Iterator[WordsModel]:
        """The model that a key of the stage names; its answers are kept for the next start."""
        memory = self.session.directory.answers(self.node.name)
        with open_words(self.node.places[key], engine, memory, template=template, num_parallel=num_parallel) as found:
            yield found
            if num_remembered(found):
                self.session.tell(f"{self.node.name}: {num_remembered(found):,} answers were there already.")

    @contextmanager
    def writer(self, key: str, settings: WriterSettings, engine: EngineSettings) -> Iterator[WordsModel]:
        """A writer or judge, by its own settings."""
        with self.model(f"{key}.model", engine, settings.template, settings.num_parallel) as found:
            yield found

    def problems(self, data: DataSettings, num_problems: int) -> list[Problem]:
        """So many different problems, in the shares of the tasks; where there are fewer, that is told."""
        tasks = load_tasks(data)
        stream = ProblemStream(tasks, task_weights(data, tasks), self.seed, self.node.name, data.shuffle)
        found = distinct_problems(stream, num_problems)
        if len(found) < num_problems:
            self.session.tell(f"{self.node.name}: the tasks have {len(found):,} different problems, not more.")
        return found

    def answers(
        self,
        stage: CollectStage | RejectionStage | PreferenceStage,
        problems: Sequence[Problem],
        num_parallel: int,
        messages: Callable[[Problem], Sequence[Message]] = lambda problem: problem.messages,
    ) -> list[Answered]:
        """`num_samples` answers of the stage's model to each problem, asked with `messages`; counted."""
        assert stage.data is not None
        drawn = Drawn(
            seed=self.seed,
            stage=self.node.name,
            num_samples=stage.num_samples,
            temperature=stage.temperature,
            top_p=stage.top_p,
            max_new_tokens=stage.max_new_tokens,
        )
        with self.model("model", stage.engine, stage.data.template, num_parallel) as model:
            answered = ask_problems(model, problems, drawn, messages, self.busy)
        self.counts["problems"] = len(problems)
        self.count_replies("answers", [each.reply for each in answered])
        return answered

    def count_replies(self, name: str, replies: Sequence[WordsReply]) -> None:
        """Note how many replies were asked for and lost, and what they cost; the first loss is told with its reason."""
        lost = [reply for reply in replies if reply.finish == "aborted"]
        self.counts |= {name: len(replies), f"{name}_lost": len(lost)}
        self.cost[f"{name}_tokens"] = sum(reply.num_tokens for reply in replies)
        if lost:
            why = lost[0].problem
            self.session.tell(f"{self.node.name}: {len(lost):,} of {len(replies):,} {name} could not be had: {why}.")

    def tell_dropped(self, name: str, dropped: Mapping[str, int], num_kept: int) -> None:
        """Note and tell what each rule dropped."""
        self.counts[f"{name}_dropped"] = dict(dropped)
        self.session.tell(f"{self.node.name}: {num_kept:,} {name} kept; dropped: {count_text(dropped)}.")

    def finish(self, rows: Sequence[Mapping[str, Json]], min_rows: int = 1) -> None:
        """Write the rows and the result. Raises DataError, after noting the counts, where there are fewer rows than
        `min_rows`; the answers stay for the next start."""
        self.counts["kept"] = len(rows)
        directory, name = self.session.directory, self.node.name
        place = directory.stage(name)
        files.append_line(place.timing, {f"seconds/{key}": value for key, value in self.clock.seconds().items()})
        if len(rows) < min_rows:
            directory.event("nothing_left", stage=name, counts=self.counts, examples=self.dropped_examples)
            raise DataError(
                f"{name}: {f'only {len(rows):,} rows are' if rows else 'nothing is'} left to train on "
                f"({counts_text(self.counts)}).",
                cure=f"{directory.events} has a dropped text for each rule; loosen that rule, or change what is asked"
                + (f", or lower {name}.min_kept = {min_rows}." if rows else "."),
            )
        shown: dict[str, Json] = {"dropped_examples": self.dropped_examples} if self.dropped_examples else {}
        write_data(self.node, place, rows, self.counts, self.cost, self.more | shown)


@contextmanager
def making(session: Session, node: Node) -> Iterator[Making]:
    """A data stage at work, with a live view."""
    with LiveView(node.name, 0) as view:

        def busy(doing: str, done: int, total: int) -> None:
            session.stop.check_alone()
            view.phase(doing, done, total)

        yield Making(session, node, busy)


def count_text(counts: Mapping[str, int]) -> str:
    """`wrong 12, malformed 3`, without what is 0; `none` where all is."""
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items() if count) or "none"


def counts_text(counts: Mapping[str, Json]) -> str:
    """Nested counts in one line."""
    parts = []
    for name, value in counts.items():
        shown = name.replace("_", " ")
        parts.append(f"{shown}: {count_text(value)}" if isinstance(value, dict) else f"{shown} {value:,}")
    return "; ".join(parts)
