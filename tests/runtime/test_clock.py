import pytest

from aha.runtime import clock
from aha.runtime.clock import PhaseClock


class FakeTime:
    now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def fake_time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(clock, "time", fake)
    return fake


def test_phases_add_up_and_inner_ones_are_taken_out(fake_time: FakeTime) -> None:
    phases = PhaseClock()
    with phases.phase("update"):
        fake_time.now += 1
        with phases.phase("checkpoint"):
            fake_time.now += 2
        fake_time.now += 4
    fake_time.now += 8
    with phases.phase("checkpoint"):
        fake_time.now += 16
    assert phases.seconds() == {"update": 5.0, "checkpoint": 18.0}
    assert phases.seconds() == {}


def test_an_open_phase_is_counted_up_to_now(fake_time: FakeTime) -> None:
    phases = PhaseClock()
    with phases.phase("sample"):
        fake_time.now += 1
        assert phases.seconds() == {"sample": 1.0}
        fake_time.now += 2
    assert phases.seconds() == {"sample": 2.0}


def test_a_phase_that_raises_is_counted(fake_time: FakeTime) -> None:
    phases = PhaseClock()

    def sample() -> None:
        with phases.phase("sample"):
            fake_time.now += 1
            raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        sample()
    with phases.phase("update"):
        fake_time.now += 2
    assert phases.seconds() == {"sample": 1.0, "update": 2.0}


def test_the_device_is_waited_for_at_both_ends() -> None:
    waited: list[int] = []
    with PhaseClock(lambda: waited.append(1)).phase("sample"):
        assert len(waited) == 1
    assert len(waited) == 2
