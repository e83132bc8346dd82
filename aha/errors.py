"""Errors for people: what is wrong, where, and what to do. Each class has its own exit code."""

from __future__ import annotations


class AhaError(Exception):
    """A refusal that a person can act on: one sentence on what is wrong, and where known the cure."""

    exit_code = 1

    def __init__(self, problem: str, *, cure: str = "") -> None:
        super().__init__(f"{problem} {cure}".strip())
        self.problem = problem
        self.cure = cure


class UsageError(AhaError):
    """The command line is off."""

    exit_code = 2


class ConfigError(AhaError):
    """A recipe has an unknown key, a value out of range, or keys that contradict each other."""

    exit_code = 3


class DataError(AhaError):
    """A problem file, a row, a model folder or a checkpoint cannot be used."""

    exit_code = 4


class DivergedError(AhaError):
    """Training was stopped because going on would waste time: non-finite updates, log-prob drift, dead verifiers."""

    exit_code = 5


class MachineError(AhaError):
    """The machine refuses: a full disk, a second writer, a missing extra, a lost worker."""

    exit_code = 6


class Interrupted(AhaError):
    """The run was asked to stop and has checkpointed."""

    exit_code = 130
