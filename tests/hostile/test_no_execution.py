"""Over the syntax tree of the whole package, workers included: nothing that turns text into code is even named.

`tests/house` refuses the plain calls and pickle everywhere; here are the ways around: aliases, attributes, imports,
sympy's readers of strings, and loaders of modules.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import folder, modules

RUNNERS = {"eval", "exec", "compile", "__import__", "execfile", "breakpoint"}
"""Built-in functions; as bare names they stand nowhere, called or not."""
READERS = {
    *("parse_expr", "sympify", "_sympify", "eval_expr", "stringify_expr", "lambdify", "nsimplify", "parse_latex"),
    *("latex2sympy", "parse_mathematica", "parse_maxima", "interact", "runsource", "run_path"),
    *("run_module", "getoutput", "getstatusoutput", "popen", "spawnl", "spawnv", "execv", "execve", "execvp"),
}
"""Functions of libraries that read text as code or as an expression through `eval`, or hand it to a shell."""
MODULES = {
    *("code", "codeop", "runpy", "pty", "commands", "sympy.parsing", "latex2sympy2_extended", "asteval"),
    *("numexpr", "simpleeval", "pylatexenc", "timeit", "trace", "cProfile", "doctest"),
}
NAMESPACES = ("vars(", "globals(", "locals(", "__builtins__")
"""What gives a function for its name."""
LOADERS = {"exec_module", "import_module", "spec_from_file_location", "module_from_spec", "find_spec", "load_module"}
MAY_LOAD = {Path("runtime/worker.py"), Path("verifiers/functions.py"), Path("verifiers/code/driver.py")}
"""The first two call the functions that a recipe names; a response never names one. The driver runs inside the sandbox,
in the process of the program under test."""
READS_MODEL_TEXT = {"text", "verifiers", "rewards"}
DOORS = {
    *("subprocess", "socket", "ctypes", "multiprocessing", "os", "shutil", "urllib", "http", "ssl", "tempfile"),
    *("importlib", "runpy", "sys", "builtins", "gc", "signal", "threading", "asyncio", "webbrowser"),
}
"""Modules that lead out of a function. `verifiers/code` hands programs to the sandbox, and has a suite of its own."""
MAY_OPEN = {
    Path("verifiers/functions.py"): {"importlib"},
    Path("rewards/custom.py"): {"asyncio"},
    Path("verifiers/math/symbolic.py"): {"sys"},
}
"""The files that a recipe names, and its async functions; the hook by which sympy's calls are counted."""

SECOND_JUDGE = Path("evaluation/second_judge.py")
"""Math-Verify, for audits, in a worker of its own."""
WAYS_AROUND = """
run = eval
f(exec)
e = __import__
import runpy
builtins.eval(x)
__builtins__.exec(x)
from builtins import compile as c
getattr(m, 'eval')(x)
vars(m)['exec'](x)
globals()['eval']
from sympy import sympify as s
from sympy import S
from sympy import parsing
from sympy.parsing import latex
import sympy.parsing.sympy_parser as p
sympy.S(x)
sympy.parse_expr(x)
sympy.lambdify(a, b)
from latex2sympy2_extended import latex2sympy
os.popen(x)
subprocess.getoutput(x)
"""


def places(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what) for every name that could turn text into code."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in RUNNERS | READERS:
            yield line, node.id
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr in READERS or (owner in ("builtins", "__builtins__") and node.attr in RUNNERS):
                yield line, node.attr
            if owner == "sympy" and node.attr in ("S", "parsing"):
                yield line, f"sympy.{node.attr}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((line, name) for name in suspicious(node))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "operator.attrgetter", "attrgetter"):
            yield from ((line, text) for text in texts(node) if text in RUNNERS | READERS)
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value).startswith(NAMESPACES):
            yield from ((line, text) for text in texts(node.slice) if text in RUNNERS | READERS)


def texts(tree: ast.AST) -> list[str]:
    """The string constants below a node."""
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def suspicious(node: ast.Import | ast.ImportFrom) -> list[str]:
    """What an import brings in that may not come in, whatever it is called afterwards."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if inside(alias.name, MODULES)]
    module = node.module or ""
    found = [alias.name for alias in node.names if alias.name in RUNNERS | READERS]
    found += [f"{module}.S" for alias in node.names if alias.name == "S" and module.startswith("sympy")]
    whole = [module, *(f"{module}.{alias.name}" for alias in node.names)] if node.level == 0 else []
    return found + [name for name in whole if inside(name, MODULES)]


def inside(name: str, names: set[str]) -> bool:
    """Whether a module is one of these, or lies in one of them."""
    parts = name.split(".")
    return any(".".join(parts[:end]) in names for end in range(1, len(parts) + 1))


def imported(tree: ast.AST) -> set[str]:
    """Top-level names of all modules that a module imports, lazily or not."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


def test_nothing_that_turns_text_into_code_is_named() -> None:
    found = [f"{path}:{line} {what}" for path, tree in modules().items() for line, what in places(tree)]
    assert not found


@pytest.mark.parametrize("source", WAYS_AROUND.strip().splitlines())
def test_the_ways_around_are_seen(source: str) -> None:
    assert list(places(ast.parse(source)))


@pytest.mark.parametrize("source", ["model.eval()", "re.compile('x')", "torch.compile(f)", "fullmatch('evaluate', x)"])
def test_what_only_sounds_alike_is_not(source: str) -> None:
    assert not list(places(ast.parse(source)))


def test_code_is_loaded_where_a_recipe_names_it() -> None:
    loading = {
        path
        for path, tree in modules().items()
        if folder(path) in READS_MODEL_TEXT | {"runtime"}
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in LOADERS
    }
    assert loading == MAY_LOAD


def test_what_reads_model_text_has_no_way_out() -> None:
    open_doors = {
        str(path): doors
        for path, tree in modules().items()
        if folder(path) in READS_MODEL_TEXT and path.parts[:2] != ("verifiers", "code")
        if (doors := imported(tree) & DOORS - MAY_OPEN.get(path, set()))
    }
    assert not open_doors


def test_other_readers_of_formulas_stay_where_they_are() -> None:
    users = {path for path, tree in modules().items() if imported(tree) & {"sympy", "math_verify", "mpmath"}}
    assert not [str(path) for path in users - {SECOND_JUDGE} if path.parts[:2] != ("verifiers", "math")]
