"""One run: a fresh work directory, the command line of the level, and what the command left."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from aha.errors import MachineError
from aha.sandbox.archive import File
from aha.sandbox.command import ENVIRONMENT, as_user, in_namespaces, limited, started
from aha.sandbox.records import Execution, Level, Limits
from aha.sandbox.running import Start, execute, refusal
from aha.sandbox.seccomp import MACHINES, seccomp_filter
from aha.sandbox.slots import own_uid
from aha.sandbox.sweep import sweep


@dataclass(slots=True, frozen=True)
class Job:
    """What to run, and in which work directory."""

    level: Level
    command: Sequence[str]
    files: Mapping[str, File]
    stdin: bytes
    limits: Limits
    keep: bool = False


def launch(job: Job) -> tuple[Execution, bytes]:
    """Run it. With `keep`, what a command that exits with 0 left, as a tar file; else nothing.

    Raises MachineError where a tool is missing or this machine's processor is not known.
    """
    with ExitStack() as stack:
        try:
            uid = stack.enter_context(own_uid()) if os.geteuid() == 0 else None
            kept = _in_memory(stack, None) if job.keep else None
            prepare = _in_bubblewrap if job.level == "bubblewrap" else _in_folder
            start = prepare(stack, job, uid, kept)
        except OSError as error:  # no descriptor, disk or memory left
            return refusal(str(error), job.level), b""
        execution = execute(start, job.limits)
        if kept is None or execution.exit_code != 0:
            return execution, b""
        return execution, os.pread(kept, os.fstat(kept).st_size, 0)


def _in_bubblewrap(stack: ExitStack, job: Job, uid: int | None, kept: int | None) -> Start:
    program = seccomp_filter(platform.machine())
    if program is None:
        raise MachineError(
            f"No filter of system calls is known for {platform.machine()}, only for {', '.join(MACHINES)}."
        )
    filter_fd = _in_memory(stack, program)
    files = {name: (_in_memory(stack, file.content), file.executable) for name, file in job.files.items()}
    line = [*limited(job.limits), *as_user(uid), *in_namespaces(job.limits.file_bytes, files, filter_fd)]
    line += started(job.command, job.limits.num_processes, kept)
    passed = [filter_fd, *(descriptor for descriptor, _ in files.values()), *([] if kept is None else [kept])]
    return Start(job.level, line, {}, _in_memory(stack, job.stdin), passed, uid=uid)


def _in_folder(stack: ExitStack, job: Job, uid: int | None, kept: int | None) -> Start:
    folder = Path(tempfile.mkdtemp(prefix="aha-sandbox-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    _write(folder, job.files, uid)
    num_processes = None if uid is None else job.limits.num_processes  # counted by user: those of others would count
    return Start(
        job.level,
        [*limited(job.limits), *as_user(uid), *started(job.command, num_processes, kept)],
        {**ENVIRONMENT, "HOME": str(folder), "TMPDIR": str(folder)},
        _in_memory(stack, job.stdin),
        [] if kept is None else [kept],
        folder,
        uid,
        None if uid is None else lambda: sweep(uid),
    )


def _in_memory(stack: ExitStack, content: bytes | None) -> int:
    """A file without a name, at its start; one with content can never be written again."""
    descriptor = os.memfd_create("sandbox", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    stack.callback(os.close, descriptor)
    if content is not None:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


def _write(folder: Path, files: Mapping[str, File], uid: int | None) -> None:
    """Put the files into a new folder, and give all of it to the user id."""
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(0o755 if file.executable else 0o644)
    if uid is not None:
        for parent, _, names in os.walk(folder):
            for path in (Path(parent), *(Path(parent, name) for name in names)):
                os.chown(path, uid, uid)
