import sys
from pathlib import Path
from types import ModuleType

import pytest

from aha.runtime.trackers import Trackers


class FakeRun:
    """A run of wandb or trackio that keeps what it is told."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.lines: list[tuple[int, dict[str, float]]] = []
        self.settings: dict[str, object] = {}
        self.finished = False
        self.fail_at = fail_at

    def init(self, **settings: object) -> "FakeRun":
        self.settings = settings
        return self

    def log(self, values: dict[str, float], step: int) -> None:
        if step == self.fail_at:
            raise ConnectionError("offline")
        self.lines.append((step, values))

    def finish(self) -> None:
        self.finished = True
        if self.fail_at == -1:
            raise OSError("gone")


def install(monkeypatch: pytest.MonkeyPatch, name: str, run: FakeRun, api_key: bool = True) -> None:
    module = ModuleType(name)

    def login(prompt: bool, verify: bool) -> bool:
        assert not prompt
        assert not verify
        return api_key

    vars(module).update(init=run.init, login=login)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_rounds_are_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    run = FakeRun()
    install(monkeypatch, name, run)
    trackers = Trackers([name], tmp_path / "r1", {"lr": 1e-6})
    trackers.log(1, {"loss": 0.5, "kl": float("nan")})
    trackers.log(2, {"loss": 0.25})
    trackers.close()
    assert run.lines == [(1, {"loss": 0.5}), (2, {"loss": 0.25})]
    assert run.finished
    assert run.settings["config"] == {"lr": 1e-6}
    assert run.settings["resume"] == "allow"
    first = run.settings
    Trackers([name], tmp_path / "r1", {"lr": 1e-6})
    assert run.settings == first
    Trackers([name], tmp_path / "other" / "r1", {"lr": 1e-6})
    assert run.settings != first


@pytest.mark.parametrize("name", ["wandb", "trackio", "tensorboard"])
def test_a_missing_package_is_one_warning_with_the_cure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard" if name == "tensorboard" else name, None)
    with pytest.warns(UserWarning, match=rf"{name} is not installed .*pip install 'aha\[track\]'.*Training goes on"):
        trackers = Trackers([name], tmp_path, {})
    trackers.log(1, {"loss": 0.5})
    trackers.close()


def test_a_tracker_that_cannot_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = FakeRun()
    install(monkeypatch, "wandb", run)
    monkeypatch.setattr(sys.modules["wandb"], "init", None)
    with pytest.warns(UserWarning, match="wandb could not be started: TypeError"):
        Trackers(["wandb"], tmp_path, {}).log(1, {})


def test_a_failure_is_one_warning_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad, good = FakeRun(fail_at=2), FakeRun()
    install(monkeypatch, "wandb", bad)
    install(monkeypatch, "trackio", good)
    trackers = Trackers(["wandb", "trackio"], tmp_path, {})
    trackers.log(1, {"loss": 1.0})
    with pytest.warns(UserWarning, match="wandb failed at step 2 and is off from now on: ConnectionError: offline"):
        trackers.log(2, {"loss": 1.0})
    trackers.log(3, {"loss": 1.0})
    assert [step for step, _ in good.lines] == [1, 2, 3]


def test_a_failure_at_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, "trackio", FakeRun(fail_at=-1))
    trackers = Trackers(["trackio"], tmp_path, {})
    with pytest.warns(UserWarning, match="trackio could not be closed: OSError: gone"):
        trackers.close()


def test_wandb_without_a_key_never_asks_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    run = FakeRun()
    install(monkeypatch, "wandb", run, api_key=False)
    with pytest.warns(UserWarning, match="wandb has no API key .*wandb sync"):
        Trackers(["wandb"], tmp_path, {})
    assert run.settings["mode"] == "offline"


def test_tensorboard_scalars(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scalars: list[tuple[str, float, int]] = []

    class Writer:
        def __init__(self, folder: str) -> None:
            assert folder == str(tmp_path / "tensorboard")

        def add_text(self, name: str, text: str) -> None:
            assert "lr" in text

        def add_scalar(self, name: str, value: float, step: int) -> None:
            scalars.append((name, value, step))

        def flush(self) -> None:
            pass

        def close(self) -> None:
            scalars.append(("closed", 0, 0))

    module = ModuleType("torch.utils.tensorboard")
    vars(module)["SummaryWriter"] = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    trackers = Trackers(["tensorboard"], tmp_path, {"lr": 1})
    trackers.log(3, {"loss": 0.5, "kl/sampler": float("inf")})
    trackers.close()
    assert scalars == [("loss", 0.5, 3), ("closed", 0, 0)]
