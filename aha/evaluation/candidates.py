"""From a model's name to something that answers: a folder, a Hub name, `lab`, or the address of an endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from aha.config.settings import EvaluateStage
from aha.engines.api import is_endpoint, open_endpoint
from aha.evaluation.answerers import Answerer, ApiAnswerer, SamplerAnswerer
from aha.text.chat import pick_template, render, render_text


@dataclass(slots=True, frozen=True)
class Candidate:
    """A model that is to be scored."""

    answerer: Answerer
    model_hash: str
    """Of the weights; for an endpoint `api:NAME`, as its weights are out of reach."""
    template: str


@contextmanager
def open_candidate(settings: EvaluateStage) -> Iterator[Candidate]:
    """Load the model, or reach the endpoint, and free it at the end."""
    if is_endpoint(settings.model):
        yield _endpoint(settings)
        return
    from aha.engines.native_sampler import NativeSampler
    from aha.models.load import load_model
    from aha.runtime.device import pick_device

    device = pick_device(settings.engine.device)
    loaded = load_model(settings.model, settings.engine.dtype, device)
    tokenizer = loaded.tokenizer
    template = pick_template(settings.template, tokenizer)
    sampler = NativeSampler(loaded.model, tokenizer, settings.engine, device)
    try:
        answerer = SamplerAnswerer(
            sampler=sampler,
            tokenizer=tokenizer,
            render=lambda problem: render(problem.messages, template, tokenizer),
            stop_token_ids=tokenizer.stop_token_ids,
        )
        yield Candidate(answerer, loaded.model_hash, template)
    finally:
        sampler.close()


def _endpoint(settings: EvaluateStage) -> Candidate:
    """The endpoint's own chat template, unless a text template is asked for: then plain completions."""
    api = open_endpoint(settings.model)
    model_hash = f"api:{api.model}"
    if settings.template in (None, "chat"):
        return Candidate(ApiAnswerer(api), model_hash, "chat")
    return Candidate(ApiAnswerer(api, partial(render_text, template=settings.template)), model_hash, settings.template)
