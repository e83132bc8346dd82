"""The process at the other end of `workers.WorkerPool`: reads calls as JSON lines, answers in JSON lines.

Run as a file, on the standard library alone, so that it starts in milliseconds. Standard input and output of the
called functions are /dev/null; the protocol has descriptors of its own.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import importlib.util
import json
import numbers
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

MAX_MESSAGE = 2000
PR_SET_PDEATHSIG = 1


def main(memory_bytes: int, search_path: list[str]) -> None:
    """Answer calls until the parent closes the pipe. One `ready` line, then for each call its result, and
    `loaded` before it when the target was new."""
    calls = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    sys.path.extend(entry for entry in search_path if entry not in sys.path)
    bind_to_parent()
    limit_memory(memory_bytes)

    def answer(**line: Any) -> None:
        answers.write(json.dumps(line, default=plain_number) + "\n")
        answers.flush()

    functions: dict[str, Callable[..., Any]] = {}
    answer(ready=True)
    for line in calls:
        call = json.loads(line)
        try:
            if call["target"] not in functions:
                functions[call["target"]] = load(call["target"])
                answer(loaded=True)
            start = time.process_time()
            value = functions[call["target"]](**call["arguments"])
            answer(value=value, seconds=time.process_time() - start)
        except MemoryError:
            answer(failure="memory", message="out of memory")
        except BaseException as error:
            answer(failure="exception", message=describe(error))


def bind_to_parent() -> None:
    """Die with the thread that started this process, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_memory(memory_bytes: int) -> None:
    """Limit the address space, and leave no core file. The hard limit stays: programs in the sandbox have limits of
    their own, and some runtimes reserve more than a worker may."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_bytes:
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        soft = memory_bytes if hard == resource.RLIM_INFINITY else min(memory_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def load(target: str) -> Callable[..., Any]:
    """The function of `package.module:function` or `/path/file.py:function`. A file sees its neighbours."""
    source, _, name = target.rpartition(":")
    module = load_file(Path(source).absolute()) if source.endswith(".py") else importlib.import_module(source)
    function = vars(module).get(name)
    if not callable(function):
        raise TypeError(f"{source} has no function {name!r}")
    return function  # type: ignore[no-any-return]


def load_file(path: Path) -> ModuleType:
    """The module in a file, under a name of its own, so that it stands in for no other module."""
    name = f"{path.stem}_{hashlib.blake2b(bytes(path), digest_size=8).hexdigest()}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.path.append(str(path.parent))
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]


def plain_number(value: object) -> int | float:
    """Numbers that are not Python's own (numpy's, fractions) as JSON."""
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    raise TypeError(f"the result holds a {type(value).__name__}, which JSON cannot hold")


def describe(error: BaseException) -> str:
    """Type, message, and the line that raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}"[:MAX_MESSAGE] + where


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
