"""The command lines that put a program into the sandbox: limits, then a user id of its own, then namespaces."""

from __future__ import annotations

import math
import os
import resource
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from aha.errors import MachineError
from aha.sandbox.records import Limits

BOX = "/box"
PLACES = ("/tmp", "/dev/shm", BOX)
"""Where a program in namespaces can write."""
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
NUM_OPEN_FILES = 256
ETC = ("alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "java-*-openjdk", "mono", "php", "ghc", "R")
"""What loaders and language runtimes read; nothing about this machine's people, names or network."""
STARTED = b"."
"""What the shell below writes before it starts the program: the first byte of standard output."""
_START = """
if [ -n "$1" ]; then ulimit -p "$1" 2>/dev/null || ulimit -u "$1" || exit 1; fi
keep=$2
shift 2
if ! command -v "$1" >/dev/null; then echo "$1: there is no such program" >&2; exit 1; fi
printf .
(exec "$@")
code=$?
if [ -n "$keep" ] && [ "$code" = 0 ]; then tar --format=ustar -cf "/proc/self/fd/$keep" .; fi
exit "$code"
"""
"""The first process of the sandbox. When it ends, all that the program left running ends with its namespace."""


@cache
def tool(name: str) -> str:
    """Where a program is. Raises MachineError where it is missing."""
    path = shutil.which(name)
    if path is None:
        package = {"bwrap": "bubblewrap", "tar": "tar"}.get(name, "util-linux")
        raise MachineError(f"The sandbox needs '{name}'.", cure=f"Install the package {package}.")
    return path


def limited(limits: Limits) -> list[str]:
    """Sets the limits of every process that follows; never above those of this process, which may not be raised."""
    address_space = limits.address_space_bytes or limits.memory_bytes
    wanted = {
        "as": (resource.RLIMIT_AS, address_space),
        "cpu": (
            resource.RLIMIT_CPU,
            math.ceil(limits.cpu_seconds) + 1,
        ),  # behind the look: the kernel counts by samples
        "fsize": (resource.RLIMIT_FSIZE, limits.file_bytes),
        "nofile": (resource.RLIMIT_NOFILE, NUM_OPEN_FILES),
        "core": (resource.RLIMIT_CORE, 0),
    }
    options = []
    for name, (number, value) in wanted.items():
        here = resource.getrlimit(number)[1]
        value = int(value) if here == resource.RLIM_INFINITY else min(int(value), here)
        options.append(f"--{name}={value}:{value}")
    return [tool("prlimit"), *options]


def as_user(uid: int | None) -> list[str]:
    """Becomes the user id and can never gain rights again; None where this process is not root and stays who it is."""
    user = [] if uid is None else [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return [tool("setpriv"), "--no-new-privs", *user]


def in_namespaces(file_bytes: int, files: Mapping[str, tuple[int, bool]], seccomp_fd: int) -> list[str]:
    """Namespaces of its own, a root that cannot be written, three places in memory that can.

    `files`: path in the work directory → (descriptor that its content is read from, whether it is executable).
    """
    size = str(file_bytes)
    options = [
        tool("bwrap"),
        *("--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"),
    ]
    options += ["--hostname", "sandbox", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL"]
    options += ["--clearenv", *_shown(), "--proc", "/proc", "--size", "65536", "--tmpfs", "/dev", *_devices()]
    for place in PLACES:
        options += ["--perms", "0700", "--size", size, "--tmpfs", place]
    for name, (descriptor, executable) in files.items():
        options += ["--perms", "0755" if executable else "0644", "--file", str(descriptor), f"{BOX}/{name}"]
    options += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", BOX, "--seccomp", str(seccomp_fd)]
    for key, value in {**ENVIRONMENT, "HOME": BOX}.items():
        options += ["--setenv", key, value]
    return [*options, "--"]


@cache
def _shown() -> tuple[str, ...]:
    """The parts of this machine's file system that programs see, read-only."""
    options = ["--ro-bind", "/usr", "/usr"]
    for path in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64")):
        if path.is_symlink():
            options += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            options += ["--ro-bind", str(path), str(path)]
    for pattern in ETC:
        for path in sorted(Path("/etc").glob(pattern)):
            options += ["--ro-bind", str(path), str(path)]
    return tuple(options)


def _devices() -> list[str]:
    """No terminals, and no /dev/zero: shared between processes it is memory without a bound."""
    options = []
    for name in ("null", "full", "random", "urandom"):
        options += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        options += ["--symlink", f"/proc/self/fd{target}", f"/dev/{name}"]
    return options


def started(command: Sequence[str], num_processes: int | None, keep_fd: int | None) -> list[str]:
    """The shell that starts the program; no limit on processes when None. With `keep_fd` a program that exits with 0
    leaves its work directory there, as a tar file."""
    numbers = ["" if number is None else str(number) for number in (num_processes, keep_fd)]
    return ["/bin/sh", "-c", _START, "sh", *numbers, *command]
