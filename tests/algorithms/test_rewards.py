"""The overlong punishment and its refusal."""

from __future__ import annotations

import pytest

from aha.algorithms.rewards import overlong_penalty
from aha.errors import ConfigError


def test_it_falls_over_the_buffer_alone() -> None:
    assert [overlong_penalty(n, 10, 4) for n in (0, 6, 7, 8, 9, 10, 11)] == [0, 0, -0.25, -0.5, -0.75, -1, -1]


@pytest.mark.parametrize("buffer", [0, 11])
def test_a_buffer_that_does_not_fit_is_refused(buffer: int) -> None:
    with pytest.raises(ConfigError, match=f"overlong_buffer {buffer} does not fit into the length limit of 10"):
        overlong_penalty(5, 10, buffer)
