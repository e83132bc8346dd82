"""Runs a recipe: skips, resumes or redoes each stage, with the engines that `build` makes of its settings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from aha.config.loading import LoadedRecipe
from aha.config.settings import EvaluateStage, PretrainStage, RLStage
from aha.errors import AhaError
from aha.evaluation.answerers import Drawing
from aha.evaluation.runner import Progress as Scored
from aha.models.load import LoadedModel
from aha.models.weights import model_hash
from aha.rollouts.collect import OnProgress
from aha.rollouts.curriculum import curriculum_of
from aha.rollouts.grading import Grader
from aha.rollouts.problems import ProblemStream, load_tasks, task_starts, task_weights
from aha.rollouts.scoring import RewardScorer, check_sees
from aha.runtime import files
from aha.runtime.device import pick_device, set_threads
from aha.runtime.distributed import init_world
from aha.runtime.live import LiveView
from aha.runtime.run_directory import RunDirectory
from aha.runtime.seeds import seed_of
from aha.stages import collect, general, merge, preference, rejection, reward_run, sft_run
from aha.stages.build import Engines, build, open_scorer
from aha.stages.card import pretrain_card
from aha.stages.evaluate import Examiner, evaluate_stage
from aha.stages.finish import finish_rl, write_result
from aha.stages.graph import Node, begin, done, node_of, place_in
from aha.stages.interrupt import StopRequest
from aha.stages.parts import Critic, RLParts
from aha.stages.preflight import length_points
from aha.stages.progress import longest_limit
from aha.stages.rl import train
from aha.stages.session import (
    Session,
    Tell,
    open_run,
    preflight,
    renderer,
    say,
    shared_parts,
    stage_template,
    worker_pool,
)
from aha.stages.watching import watching
from aha.text.chat import R1_ZERO_CHAT_TEMPLATE, pick_template
from aha.types import Evaluation, Sampler


def run_recipe(
    loaded: LoadedRecipe,
    path: Path,
    until: str | None = None,
    from_stage: str | None = None,
    accept_drift: bool = False,
    tell: Tell = say,
) -> None:
    """Run the stages of a recipe in `path`, up to `until`; what is done there already is not done again.

    `from_stage` and all stages after it are computed anew. Raises AhaError with cause and cure; the same call goes on
    where the last one ended.
    """
    recipe, directory = loaded.recipe, RunDirectory(path)
    names = list(recipe.stages)[: place_in(recipe, until) + 1 if until else None]
    anew = names[place_in(recipe, from_stage) :] if from_stage else []
    world = init_world()
    with ExitStack() as stack:
        stack.callback(world.close)
        if world.rank == 0:
            stack.enter_context(directory.lock())
        stop = stack.enter_context(StopRequest(world))
        session = Session(recipe, directory, world, stop, accept_drift, tell if world.rank == 0 else lambda text: None)
        try:
            open_run(session, anew)
            preflight(session, names)
            for name in names:
                run_stage(session, name)
        except AhaError as error:
            if world.rank == 0:
                directory.event("stopped", error=type(error).__name__, text=str(error))
                directory.status(state="stopped", error=type(error).__name__, text=str(error))
            raise
        if world.rank == 0:
            directory.status(state="done")


def run_stage(session: Session, name: str) -> None:
    """Skip a stage that is done; else go on with it, or begin it."""
    node = node_of(session.recipe, name, session.directory, session.hash_of)
    finished = done(node, session.directory)
    if finished is not None:
        session.tell(f"{name}: done already.")
        return
    if session.world.rank == 0:
        begin(node, session.directory, session.tell)
        session.directory.status(state="running", stage=name)
        session.directory.event("stage", stage=name, key=node.key)
    session.world.barrier()
    session.tell(f"{name}: {node.stage.kind}.")
    set_threads(node.stage.engine.num_threads)
    RUNNERS[node.stage.kind](session, node)


def run_rl(session: Session, node: Node) -> None:
    """Build the parts of an RL stage, train, finish."""
    stage = node.stage
    assert isinstance(stage, RLStage)
    assert node.model is not None
    engines = build(node.model, stage.engine)
    loaded, scorers = engines.loaded, open_scorers(node, stage)
    length = stage.algorithm.constant_length or stage.sampling.max_new_tokens
    algorithm = stage.algorithm.model_copy(update={"constant_length": length})
    temperature = stage.sampling.temperature
    sampler = engines.sampler(own_copy=True)
    engines.adapt(stage.lora, seed_of(session.recipe.seed, node.name, "lora"))
    reference = engines.reference(temperature) if algorithm.kl.place != "none" else None
    learner = engines.learner(
        algorithm,
        stage.optimizer,
        total_updates=stage.total_updates,
        temperature=temperature,
        world=session.world,
        max_trained_tokens=stage.max_trained_tokens,
    )
    with worker_pool(stage.engine) as pool, closing(sampler), watching(session, node, stage.rounds) as (watchers, busy):
        grader = Grader(pool, stage.rewards, loaded.tokenizer, length_points(stage))
        examiner = make_examiner(sampler, grader, loaded, stage)
        if examiner.template == "r1-zero":
            dress_zero(loaded)
        learner.on_progress = partial(busy, "learning")
        examiner.on_progress = lambda found: busy("evaluating", found.num_sampled, found.num_total)
        parts = RLParts(
            **shared_parts(session, node, engines, watchers, busy),
            stage=stage,
            seed=session.recipe.seed,
            sampler=sampler,
            learner=learner,
            reference=reference,
            critic=make_critic(session, node, engines, busy),
            grader=grader,
            stream=make_stream(stage, session.recipe.seed, node.name),
            render=examiner.render,
            stop_token_ids=loaded.tokenizer.stop_token_ids,
            evaluate=partial(score_on_the_way, examiner, stage, session.recipe.seed),
            export=engines.export,
            tell=session.tell,
            scorers=scorers,
        )
        progress = train(parts)
        examiner.on_progress = partial(tell_and_check, session, busy)
        finish_rl(parts, progress, node, examiner)


def dress_zero(loaded: LoadedModel) -> None:
    """A model that learns in R1-Zero's frame takes it along as its chat template, whatever its base had."""
    loaded.tokenizer.give_chat_template(R1_ZERO_CHAT_TEMPLATE)
    loaded.generation = sft_run.generation_of(loaded)


def make_critic(session: Session, node: Node, engines: Engines, busy: OnProgress) -> Critic | None:
    """The second learner, where the stage has one."""
    stage = node.stage
    assert isinstance(stage, RLStage)
    if stage.second is None:
        return None
    critic = engines.critic(
        stage.second,
        node.places.get("critic.model"),
        total_updates=stage.rounds * stage.second.num_updates,
        world=session.world,
        head_seed=seed_of(session.recipe.seed, node.name, "critic"),
        max_trained_tokens=stage.max_trained_tokens,
    )
    critic.on_progress = partial(busy, "learning values")
    return critic


def make_stream(stage: RLStage, seed: int, name: str) -> ProblemStream:
    """The stage's problems, in the shares and from the updates on that its settings give its tasks."""
    data, tasks = stage.data, load_tasks(stage.data)
    updates = stage.total_updates
    starts, curriculum = task_starts(data, updates), curriculum_of(data, updates)
    return ProblemStream(tasks, task_weights(data, tasks), seed, name, data.shuffle, starts, curriculum)


def open_scorers(node: Node, stage: RLStage) -> dict[str, RewardScorer]:
    """The stage's reward models by the names of their rewards, each folder opened once.

    Raises ConfigError where one would be shown something else than it was trained on.
    """
    opened: dict[str, RewardScorer] = {}
    scorers: dict[str, RewardScorer] = {}
    for index, reward in enumerate(stage.rewards):
        if reward.model is not None:
            folder = node.places[f"rewards.{index}.model"]
            if folder not in opened:
                opened[folder] = open_scorer(folder, stage.engine)
            scorers[reward.name] = opened[folder]
    check_sees(stage.rewards, scorers)
    return scorers


def run_evaluate(session: Session, node: Node) -> None:
    """Score a model; rank 0 alone."""
    stage = node.stage
    assert isinstance(stage, EvaluateStage)
    assert node.model is not None
    if session.world.rank == 0:
        place, engines = session.directory.stage(node.name), build(node.model, stage.engine)
        loaded, sampler = engines.loaded, engines.sampler()
        with worker_pool(stage.engine) as pool, closing(sampler), LiveView(node.name, 0) as view:
            grader = Grader(pool, stage.rewards, loaded.tokenizer)
            examiner = make_examiner(sampler, grader, loaded, stage)
            examiner.on_progress = partial(tell_and_check, session, view.phase)
            found = evaluate_stage(stage, session.recipe.seed, place, examiner, loaded.model_hash)
        write_result(node, place, found, loaded.model_hash, {})
    session.world.barrier()


def run_pretrain(session: Session, node: Node) -> None:
    """Make a model from nothing; rank 0 alone."""
    from aha.stages import pretrain

    stage = node.stage
    assert isinstance(stage, PretrainStage)
    if session.world.rank == 0:
        place = session.directory.stage(node.name)

        def watch(update: int, num_updates: int, values: dict[str, float]) -> None:
            session.stop.check_alone()
            if update % 100 == 0 or update == num_updates:
                session.tell(f"{node.name}: update {update} of {num_updates}, loss {values['loss']:.3f}")

        pretrain.train(stage, place, session.recipe.seed, pick_device(stage.engine.device), watch)
        files.write_text(place.model / "README.md", pretrain_card(node, stage))
        write_result(node, place, {}, model_hash(place.model), {})
    session.world.barrier()


RUNNERS: dict[str, Callable[[Session, Node], None]] = {
    "rl": run_rl,
    "evaluate": run_evaluate,
    "pretrain": run_pretrain,
    "collect": collect.run,
    "general": general.run,
    "rejection": rejection.run,
    "sft": sft_run.run,
    "preference": preference.run,
    "reward_model": reward_run.run,
    "merge": merge.run,
}


def tell_and_check(session: Session, busy: OnProgress, found: Scored) -> None:
    """After each answer of an evaluation that rank 0 makes alone."""
    session.stop.check_alone()
    busy("evaluating", found.num_sampled, found.num_total)


def score_on_the_way(examiner: Examiner, stage: RLStage, seed: int, name: str) -> Evaluation:
    """The fixed held-out set during training."""
    settings = stage.evaluate
    limit = settings.max_new_tokens or longest_limit(stage)
    drawing = Drawing(settings.temperature, settings.top_p, limit, seed)
    return examiner.score(name, settings.num_problems, settings.k, drawing, "")


def make_examiner(sampler: Sampler, grader: Grader, loaded: LoadedModel, stage: RLStage | EvaluateStage) -> Examiner:
    """Scores with the model's own tokenizer and the stage's template."""
    template = pick_template(stage_template(stage), loaded.tokenizer)
    stops = loaded.tokenizer.stop_token_ids
    return Examiner(sampler, grader, renderer(template, loaded.tokenizer), stops, template)
