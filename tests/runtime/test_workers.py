import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path

import pytest

from aha.errors import MachineError
from aha.runtime import workers
from aha.runtime.workers import CallResult, WorkerPool
from aha.types import Json

MEMORY = 1 << 30

CALLED = """
import ctypes, os, signal, subprocess, sys, threading, time
from dataclasses import dataclass
from fractions import Fraction
from neighbour import NEIGHBOUR

@dataclass
class Point:
    x: "int"

calls = 0

def add(a, b=1):
    return a + b

def count():
    global calls
    calls += 1
    return calls

def echo(**columns):
    return columns

def modules():
    return sorted(sys.modules)

def pid():
    return os.getpid()

def environment():
    return dict(os.environ)

def spin():
    while True:
        pass

def regex():
    import re
    re.match(r"(a+)+$", "a" * 60 + "b")

def power():
    return len(str(9 ** 9 ** 9))

def sleep(seconds):
    time.sleep(seconds)
    return seconds

def child(path):
    process = subprocess.Popen(["sleep", "60"])
    with open(path, "w") as file:
        file.write(str(process.pid))
    while True:
        pass

def eat(num_bytes):
    return len(bytearray(num_bytes))

def abort():
    os.abort()

def segfault():
    ctypes.string_at(0)

def leave(code):
    os._exit(code)

def system_exit():
    sys.exit(3)

def crash_once(path):
    if not os.path.exists(path):
        open(path, "w").close()
        os._exit(1)
    return "second"

def shout():
    print('{"value": "forged"}', flush=True)
    os.write(1, b'{"value": "forged"}\\n')
    sys.stderr.write("noise")
    subprocess.run(["echo", '{"value": "forged"}'])
    return sys.stdin.read()

def break_protocol():
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"garbage\\n")
        except OSError:
            pass

def hang_up():
    os.closerange(3, 100)
    time.sleep(60)

def flood():
    while True:
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, b"x" * 65536)
            except OSError:
                pass

def stop_later():
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGSTOP)).start()

def fail(text):
    raise ValueError(text)

def recurse():
    return recurse()

def values():
    return [Fraction(1, 2), float("nan"), True, None, "\\ud800"]

def unserialisable():
    return Point(1)

not_a_function = 3
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "neighbour.py").write_text("NEIGHBOUR = 1\n")
    (folder / "json.py").write_text("raise RuntimeError('shadows the standard library')\n")
    (folder / "called.py").write_text(CALLED)
    (folder / "broken.py").write_text("import no_such_module\n")
    return str(folder / "called.py")


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, cpu_seconds=0.4, memory_bytes=MEMORY) as pool:
        yield pool


def call(pool: WorkerPool, target: str, cpu_seconds: Json = None, **arguments: Json) -> CallResult:
    return pool.submit(target, arguments, cpu_seconds).result(timeout=60)


def test_calls_a_file_and_a_module(pool: WorkerPool, file: str) -> None:
    assert call(pool, f"{file}:add", a=1, b=2).value == 3
    result = call(pool, "textwrap:dedent", text=" a")
    assert (result.value, result.failure, result.message) == ("a", None, "")
    assert result.seconds < 0.4
    assert call(pool, f"{os.path.relpath(file)}:add", a=1).value == 2
    assert call(pool, "aha.runtime.seeds:shuffled", n=1, seed=1).value == [0]


def test_values_cross_as_json(pool: WorkerPool, file: str) -> None:
    columns = {"a": [1, 2.5, None, True], "b": {"c": "한\n\x00\ud800"}, "big": "x" * 3_000_000}
    assert call(pool, f"{file}:echo", **columns).value == columns
    half, nan, *rest = call(pool, f"{file}:values").value
    assert (half, rest) == (0.5, [True, None, "\ud800"])
    assert nan != nan


def test_workers_never_import_torch(file: str) -> None:
    heavy = {"torch", "transformers", "pydantic"}
    with WorkerPool(1, 5.0, MEMORY) as pool:
        assert not set(call(pool, f"{file}:modules").value) & {*heavy, "numpy", "aha"}
        verdict = {"verifier": "number", "response": "<answer>2</answer>", "reference": "2", "arguments": {}}
        assert call(pool, "aha.verifiers:verify", **verdict).failure is None
        assert not set(call(pool, f"{file}:modules").value) & heavy


def test_a_worker_starts_in_half_a_second() -> None:
    seconds = []
    for _ in range(3):
        start = time.process_time(), os.times().children_user + os.times().children_system
        with WorkerPool(1, 1.0, MEMORY) as pool:
            assert call(pool, "os:getcwd").failure is None
        end = time.process_time(), os.times().children_user + os.times().children_system
        seconds.append(sum(end) - sum(start))
    assert min(seconds) < 0.5


def test_exceptions_return_type_message_and_line(pool: WorkerPool, file: str) -> None:
    result = call(pool, f"{file}:fail", text="bad answer")
    assert (result.value, result.failure) == (None, "exception")
    assert result.message.startswith("ValueError: bad answer (called.py:")
    assert len(call(pool, f"{file}:fail", text="x" * 10_000).message) < 2100
    assert call(pool, f"{file}:system_exit").message.startswith("SystemExit: 3")
    assert call(pool, f"{file}:recurse").message.startswith("RecursionError")
    assert "holds a Point, which JSON cannot hold" in call(pool, f"{file}:unserialisable").message
    assert "missing 1 required" in call(pool, f"{file}:add").message


def test_targets_that_are_not_there(pool: WorkerPool, file: str) -> None:
    assert "has no function 'nothing'" in call(pool, f"{file}:nothing").message
    assert "has no function 'not_a_function'" in call(pool, f"{file}:not_a_function").message
    assert "FileNotFoundError" in call(pool, "/no/such/file.py:f").message
    assert "ModuleNotFoundError" in call(pool, "no.such.module:f").message
    broken = str(Path(file).with_name("broken.py"))
    for _ in range(2):
        assert "No module named 'no_such_module'" in call(pool, f"{broken}:f").message


@pytest.mark.parametrize("name", ["spin", "regex", "power"])
def test_killed_at_the_cpu_limit(pool: WorkerPool, file: str, name: str) -> None:
    result = call(pool, f"{file}:{name}")
    assert (result.value, result.failure) == (None, "timeout")
    assert result.message == "took more than 0.4 CPU seconds"
    assert 0.4 <= result.seconds < 5.0
    assert call(pool, f"{file}:add", a=1).value == 2


def test_a_call_may_have_its_own_limit(pool: WorkerPool, file: str) -> None:
    assert call(pool, f"{file}:spin", cpu_seconds=0.1).message == "took more than 0.1 CPU seconds"


def test_sleeping_costs_no_cpu_time(pool: WorkerPool, file: str) -> None:
    assert call(pool, f"{file}:sleep", cpu_seconds=0.2, seconds=0.6).value == 0.6


def test_killed_at_the_wall_limit(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MIN_WALL_SECONDS", 0.5)
    with WorkerPool(1, 0.01, MEMORY) as pool:
        call(pool, f"{file}:add", a=1)
        result = call(pool, f"{file}:sleep", seconds=60)
        assert (result.failure, result.message) == ("timeout", "gave no answer in 0.5 seconds")


def test_memory_limit(pool: WorkerPool, file: str) -> None:
    assert call(pool, f"{file}:eat", num_bytes=1 << 20).value == 1 << 20
    result = call(pool, f"{file}:eat", num_bytes=MEMORY)
    assert (result.failure, result.message) == ("memory", "out of memory")
    assert call(pool, f"{file}:eat", num_bytes=1 << 20).value == 1 << 20


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("abort", {}, "the worker died of SIGABRT"),
        ("segfault", {}, "the worker died of SIGSEGV"),
        ("leave", {"code": 5}, "the worker exited with code 5"),
        ("break_protocol", {}, "the worker broke the protocol"),
        ("hang_up", {}, "the worker died of SIGKILL"),
        ("flood", {}, "the worker wrote 1 MiB without an end"),
    ],
)
def test_a_lost_worker_is_tried_again_then_reported(
    pool: WorkerPool,
    file: str,
    name: str,
    arguments: dict[str, int],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "MAX_ANSWER_BYTES", 1 << 20)
    result = call(pool, f"{file}:{name}", **arguments)
    assert (result.value, result.failure, result.message) == (None, "lost_worker", message)
    assert call(pool, f"{file}:add", a=1).value == 2


def test_a_crash_that_does_not_repeat_is_not_seen(pool: WorkerPool, file: str, tmp_path: Path) -> None:
    assert call(pool, f"{file}:crash_once", path=str(tmp_path / "crashed")).value == "second"


def test_a_worker_that_dies_between_calls_is_replaced(file: str) -> None:
    with WorkerPool(1, 1.0, MEMORY) as pool:
        first = call(pool, f"{file}:pid").value
        os.kill(first, 9)
        assert call(pool, f"{file}:pid").value != first


def test_a_worker_that_stops_reading_is_killed_and_close_does_not_wait_for_it(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is larger than a pipe holds, so that sending it would block for ever."""
    monkeypatch.setattr(workers, "MIN_WALL_SECONDS", 0.5)
    for waits in (True, False):
        with WorkerPool(1, 0.01, MEMORY) as pool:
            assert call(pool, f"{file}:echo").failure is None
            assert call(pool, f"{file}:stop_later").failure is None
            time.sleep(0.3)
            future = pool.submit(f"{file}:echo", {"text": "x" * (1 << 20)})
            if waits:
                result = future.result(timeout=60)
                assert (result.failure, result.message) == ("timeout", "gave no answer in 0.5 seconds")
        assert future.cancelled() or future.result().failure is not None


def test_a_worker_that_cannot_start_is_reported(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with WorkerPool(1, 1.0, MEMORY) as pool:
        result = call(pool, f"{file}:pid")
        assert result.failure == "lost_worker"
        assert "a worker cannot be started" in result.message
    monkeypatch.undo()
    with WorkerPool(1, 1.0, 1 << 20) as pool:
        assert call(pool, f"{file}:pid").failure in ("lost_worker", "memory")


def test_output_of_the_function_cannot_forge_an_answer(pool: WorkerPool, file: str) -> None:
    result = call(pool, f"{file}:shout")
    assert (result.value, result.failure) == ("", None)


def test_killing_one_worker_touches_no_other_call(pool: WorkerPool, file: str) -> None:
    slow = pool.submit(f"{file}:sleep", {"seconds": 1.5})
    assert call(pool, f"{file}:spin").failure == "timeout"
    assert call(pool, f"{file}:abort").failure == "lost_worker"
    assert slow.result().value == 1.5


def test_queueing_is_never_counted(pool: WorkerPool, file: str) -> None:
    futures = [pool.submit(f"{file}:sleep", {"seconds": 0.1}, 0.05) for _ in range(20)]
    assert all(future.result().failure is None for future in futures)


def test_loading_a_target_is_not_counted(pool: WorkerPool, tmp_path: Path) -> None:
    slow = tmp_path / "slow.py"
    slow.write_text("import time\nwhile time.process_time() < 0.6: pass\ndef f(): return 1\n")
    result = call(pool, f"{slow}:f", cpu_seconds=0.1)
    assert (result.value, result.failure) == (1, None)


def test_results_do_not_depend_on_workers_or_order(file: str) -> None:
    tables = []
    for num_workers in (1, 3):
        with WorkerPool(num_workers, 0.3, MEMORY) as pool:
            names = ["add", "abort", "fail", "add", "spin", "eat"] * 2
            arguments: list[Json] = [{"a": 1}, {}, {"text": "x"}, {"a": 5}, {}, {"num_bytes": 1 << 40}] * 2
            futures = [pool.submit(f"{file}:{name}", each) for name, each in zip(names, arguments, strict=True)]
            results = [future.result(timeout=60) for future in reversed(futures)][::-1]
            tables.append([(result.value, result.failure, result.message) for result in results])
    assert tables[0] == tables[1]


def test_memory_full_of_earlier_calls_does_not_fail_a_later_one(file: str, tmp_path: Path) -> None:
    leak = tmp_path / "leak.py"
    leak.write_text("kept = []\ndef f(num_bytes):\n    kept.append(bytearray(num_bytes))\n    return len(kept)\n")
    with WorkerPool(1, 1.0, MEMORY) as pool:
        results = [call(pool, f"{leak}:f", num_bytes=300 << 20) for _ in range(6)]
    assert [result.failure for result in results] == [None] * 6


def test_works_from_threads(pool: WorkerPool, file: str) -> None:
    results: dict[int, int] = {}

    def ask(i: int) -> None:
        results[i] = call(pool, f"{file}:add", a=i).value

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {i: i + 1 for i in range(16)}


def test_works_from_async_code_and_never_blocks_its_loop(file: str) -> None:
    async def ask(pool: WorkerPool) -> tuple[list[CallResult], int]:
        calls = [asyncio.wrap_future(pool.submit(f"{file}:sleep", {"seconds": 0.3})) for _ in range(4)]
        given_up = asyncio.wrap_future(pool.submit(f"{file}:add", {"a": 1}))
        given_up.cancel()
        num_turns = 0
        while not all(each.done() for each in calls):
            await asyncio.sleep(0.01)
            num_turns += 1
        return [await each for each in calls], num_turns

    with WorkerPool(2, 1.0, MEMORY) as pool:
        results, num_turns = asyncio.run(ask(pool))
    assert [result.value for result in results] == [0.3] * 4
    assert num_turns > 20


def test_submitting_returns_before_the_work_is_done_and_all_workers_share_it(file: str) -> None:
    with WorkerPool(4, 1.0, MEMORY) as pool:
        assert {call(pool, f"{file}:add", a=i).value for i in range(8)} == set(range(1, 9))
        start = time.monotonic()
        futures = [pool.submit(f"{file}:sleep", {"seconds": 0.25}) for _ in range(12)]
        assert not futures[-1].done()
        for future in futures:
            future.result()
        assert 3 * 0.25 <= time.monotonic() - start < 12 * 0.25


def test_a_worker_outlives_the_thread_that_made_the_pool(file: str) -> None:
    made: list[WorkerPool] = []
    thread = threading.Thread(target=lambda: made.append(WorkerPool(1, 1.0, MEMORY)))
    thread.start()
    thread.join()
    with made[0] as pool:
        first = call(pool, f"{file}:pid").value
        time.sleep(0.1)
        assert call(pool, f"{file}:pid").value == first


def test_environment_is_fixed(pool: WorkerPool, file: str) -> None:
    environment = call(pool, f"{file}:environment").value
    expected = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    assert environment.items() >= expected.items()


def dies(pid: int) -> bool:
    """Whether the process is gone soon: a kill of a whole group reaches its other members a moment later."""
    end = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_what_the_function_started_is_killed_with_it(pool: WorkerPool, file: str, tmp_path: Path) -> None:
    assert call(pool, f"{file}:child", path=str(tmp_path / "pid")).failure == "timeout"
    assert dies(int((tmp_path / "pid").read_text()))


def test_close_ends_everything_at_once(file: str) -> None:
    pool = WorkerPool(1, 60.0, MEMORY)
    pid = call(pool, f"{file}:pid").value
    running = pool.submit(f"{file}:sleep", {"seconds": 60})
    queued: list[Future[CallResult]] = [pool.submit(f"{file}:add", {"a": 1}) for _ in range(3)]
    while not running.running():
        time.sleep(0.01)
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 5
    assert not is_alive(pid)
    assert (running.result().failure, running.result().message) == ("lost_worker", "the pool was closed")
    for future in queued:
        with pytest.raises(CancelledError):
            future.result()
    with pytest.raises(MachineError, match="pool is closed"):
        pool.submit(f"{file}:add", {"a": 1})
    pool.close()


def test_workers_die_with_their_parent(file: str) -> None:
    code = (
        "import sys, time; from aha.runtime.workers import WorkerPool\n"
        f"pool = WorkerPool(1, 60, {MEMORY})\n"
        f"print(pool.submit('{file}:pid', {{}}).result().value, flush=True)\n"
        f"pool.submit('{file}:spin', {{}})\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = json.loads(parent.stdout.readline())
    time.sleep(0.2)
    assert is_alive(pid)
    parent.kill()
    parent.communicate()
    assert dies(pid)
