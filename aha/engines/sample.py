"""The short way to sample: all completions, in request order."""

from __future__ import annotations

from collections.abc import Sequence

from aha.types import Completion, Request, Sampler


def sample(sampler: Sampler, requests: Sequence[Request]) -> list[Completion]:
    """Submit `requests` and wait for them; completions come back in the order of the requests."""
    sampler.submit(requests)
    done = {completion.request_id: completion for completion in sampler.completions()}
    return [done[request.id] for request in requests]
