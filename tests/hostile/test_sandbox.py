"""Attacks from inside the sandbox: each is contained within its limit and a second, and leaves nothing behind."""

from __future__ import annotations

import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aha.sandbox import Sandbox, probe, slots
from aha.sandbox.seccomp import MACHINES
from aha.sandbox.sweep import processes_of
from aha.sandbox.watch import descendants
from tests.hostile.attacks import ATTACKS, PRELUDE, Attack

SECRET = "secret-of-the-harness"
pytestmark = [
    pytest.mark.skipif(bool(probe()["bubblewrap"]), reason=f"sandbox level bubblewrap: {probe()['bubblewrap']}"),
    pytest.mark.skipif(
        not any(Path(folder, "python3").exists() for folder in ("/usr/bin", "/usr/local/bin")),
        reason="no python3 in /usr/bin or /usr/local/bin",
    ),
]


@pytest.fixture(scope="module")
def host() -> Iterator[dict[str, Any]]:
    """What attackers know of the machine, open to everybody on it, and listeners that must never hear of them."""
    folder = Path(tempfile.mkdtemp(prefix="aha-host-"))
    folder.chmod(0o777)
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX) as file:
        tcp.bind(("127.0.0.1", 0))
        abstract.bind(f"\0aha-test-{os.getpid()}")
        file.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o777)
        for listener in (tcp, abstract, file):
            listener.listen()
            listener.setblocking(False)
        yield {
            "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in ("user", "pid", "mnt", "net", "ipc")},
            "calls": MACHINES[platform.machine()][1],
            "secret_file": str(secret),
            "folders": [str(folder), str(Path.cwd()), "/tmp/..", "/var/tmp"],
            "port": tcp.getsockname()[1],
            "abstract": f"\0aha-test-{os.getpid()}",
            "socket_file": str(folder / "socket"),
        }
        for listener in (tcp, abstract, file):
            with pytest.raises(BlockingIOError):
                listener.accept()
    assert sorted(path.name for path in folder.iterdir()) == ["secret", "socket"]
    shutil.rmtree(folder)


def program(attack: Attack, host: dict[str, Any]) -> dict[str, bytes]:
    return {"attack.py": f"HOST = {host!r}\n{PRELUDE}\n{attack.code}\nprint('done')\n".encode()}


def grace_seconds() -> float:
    """A second, or twenty times what a harmless run takes on this machine now, if that is busy."""
    began = time.monotonic()
    assert Sandbox().run(["true"], {}).exit_code == 0
    return max(1.0, 20 * (time.monotonic() - began))


def left_behind() -> list[int]:
    """Processes of runs that this process started: by user id for root, else its children."""
    if os.geteuid() == 0:
        return [pid for uid in slots._held for pid in processes_of(uid)]
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def parameters() -> list[Any]:
    marks = {name: [pytest.mark.slow] if attack.slow else [] for name, attack in ATTACKS.items()}
    return [pytest.param(attack, id=name.replace(" ", "-"), marks=marks[name]) for name, attack in ATTACKS.items()]


@pytest.mark.parametrize("attack", parameters())
def test_attack_is_contained(attack: Attack, host: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHA_KEY", SECRET)
    execution = Sandbox().run(["python3", "-I", "attack.py"], program(attack, host), limits=attack.limits)
    said = execution.stdout.decode("utf-8", "replace")
    told = f"{execution.outcome} {execution.exit_code}\n{said[:2000]}\n{execution.stderr[-1000:].decode()}"
    assert said.startswith("inside\n"), told
    assert re.fullmatch(attack.outcome or ".*", execution.outcome), told
    assert re.search(attack.says, said), told
    assert "OPEN" not in said, told
    assert SECRET not in told
    late_seconds = execution.wall_seconds - attack.limits.wall_seconds
    assert late_seconds <= 1 or late_seconds <= grace_seconds()
    assert execution.cpu_seconds <= attack.limits.cpu_seconds + 1
    assert len(execution.stdout) + len(execution.stderr) <= attack.limits.output_bytes
    assert not left_behind()


def test_a_run_sees_nothing_of_the_one_before(host: dict[str, Any]) -> None:
    leave = Attack("for place in ('/box', '/tmp', '/dev/shm'): open(place + '/left', 'w').write('for the next')")
    look = Attack("for place in ('/box', '/tmp', '/dev/shm'): print('OPEN' if 'left' in os.listdir(place) else 'none')")
    with Sandbox().box(program(leave, host) | {"look.py": program(look, host)["attack.py"]}) as box:
        assert box.run(["python3", "-I", "attack.py"]).stdout == b"inside\ndone\n"
        assert box.run(["python3", "-I", "look.py"]).stdout == b"inside\nnone\nnone\nnone\ndone\n"


def test_runs_at_a_time_see_nothing_of_each_other(host: dict[str, Any]) -> None:
    """Each puts a file everywhere and tells its processes; all are there at the same time."""
    look = Attack(
        "import socket\nlistener = socket.socket(socket.AF_UNIX)\nlistener.bind('\\0meeting')\n"
        "for place in ('/box', '/tmp', '/dev/shm'): open(f'{place}/{time.time_ns()}', 'w')\ntime.sleep(1)\n"
        "print([len(os.listdir(place)) for place in ('/box', '/tmp', '/dev/shm')])\n"
        "print(sorted(int(n) for n in os.listdir('/proc') if n.isdigit())[-1] < 10)"
    )
    with Sandbox().box(program(look, host)) as box, ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(box.run, ["python3", "-I", "attack.py"]) for _ in range(4)]
        for each in runs:
            assert each.result().stdout == b"inside\n[2, 1, 1]\nTrue\ndone\n", each.result().stderr


def test_what_is_kept_cannot_lead_out(host: dict[str, Any]) -> None:
    """A program forges what it leaves: links, and a daemon that writes over the file that all is packed into."""
    forge = Attack(
        """
os.symlink(HOST['folders'][0], 'out')
os.symlink('/', 'root')
os.mkfifo('fifo')
if not os.fork():
    os.setsid()
    for number in os.listdir('/proc/1/fd') * 2000:
        try:
            if int(number) > 2: open(f'/proc/1/fd/{number}', 'r+b', 0).write(b'../../tmp/forged'.ljust(512, b'0'))
        except OSError: pass
"""
    )
    with Sandbox().box(program(forge, host)) as box:
        made = box.run(["python3", "-I", "attack.py"], keep=True)
        assert made.stdout == b"inside\ndone\n"
        assert made.outcome in ("exited", "output")
        assert box.run(["cat", "out/secret"]).exit_code == 1
    assert not Path("/tmp/forged").exists()
    assert not left_behind()


def test_a_run_ends_with_the_harness() -> None:
    code = "from aha.sandbox import Sandbox\nSandbox().run(['sh', '-c', 'setsid sleep 60 & sleep 60'], {})"
    with subprocess.Popen([sys.executable, "-c", code]) as harness:
        deadline = time.monotonic() + 60
        while len(tree := descendants(harness.pid)) < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        harness.kill()
    assert len(tree) == 6  # harness, bwrap, the first process, the shell, two that sleep
    while any(map(is_alive, tree)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in tree if is_alive(pid)]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
