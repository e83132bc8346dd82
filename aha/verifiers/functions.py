"""Finds a user's function by `path/to/file.py:function` or `package.module:function`."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from aha.errors import DataError
from aha.runtime.worker import load_file


def load_function(target: str) -> Callable[..., Any]:
    """The function that `target` names. Its file runs once a process, as any import does: only name files you trust.

    Raises DataError when the file, the module or the function is not there; what the file itself raises passes through.
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise DataError(f"{target!r} names no function.", cure="Write path/to/file.py:function.")
    if place.endswith(".py") and not Path(place).is_file():
        raise DataError(f"There is no file {place}.", cure="Paths are relative to where the command runs.")
    module = load_file(Path(place).absolute()) if place.endswith(".py") else _load_module(place)
    function = vars(module).get(name)
    if not callable(function):
        close = ", ".join(sorted(key for key, value in vars(module).items() if callable(value) and key[0] != "_"))
        raise DataError(f"There is no function {name!r} in {place}.", cure=f"It holds: {close or 'none'}.")
    return function  # type: ignore[no-any-return]


def _load_module(name: str) -> ModuleType:
    if importlib.util.find_spec(name.partition(".")[0]) is None:
        raise DataError(f"There is no module {name!r}.", cure="Write path/to/file.py:function for a file.")
    return importlib.import_module(name)
