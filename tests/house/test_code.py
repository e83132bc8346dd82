"""Every function typed and told, nothing unsafe, nothing unfinished, no branch on an algorithm's name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from aha.config.presets import PRESETS
from tests.house.source import PACKAGE, ROOT, folder, functions, modules

SHAPES = re.compile(r"\[[A-Z0-9][A-Z0-9, ]*\]|[Ss]calar|number")
SOURCE = re.compile(r"arXiv|\d{4}\.\d{5}|\b(?:19|20)\d\d\b|eq\. ?\d|Source")
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "shelve", "marshal", "cloudpickle", "joblib"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE_METHODS = {("torch", "load"), ("yaml", "load"), ("yaml", "unsafe_load"), ("os", "system"), ("numpy", "load")}


def _where(path: Path, node: ast.AST, what: str) -> str:
    return f"{path}:{getattr(node, 'lineno', 0)} {what}"


def test_every_function_is_annotated() -> None:
    bare = []
    for path, tree in modules().items():
        for node in functions(tree):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            named = [argument for argument in arguments if argument.arg not in ("self", "cls")]
            if node.returns is None or any(argument.annotation is None for argument in named):
                bare.append(_where(path, node, node.name))
    assert not bare


def test_modules_and_public_functions_have_docstrings() -> None:
    silent = []
    for path, tree in modules().items():
        if path.name != "__init__.py" and not ast.get_docstring(tree):
            silent.append(str(path))
        public = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        silent += [_where(path, n, n.name) for n in public if not n.name.startswith("_") and not ast.get_docstring(n)]
    assert not silent


def test_algorithms_tell_shapes_and_sources() -> None:
    silent = []
    for path, tree in modules().items():
        if folder(path) != "algorithms" or path.stem == "schedules":  # a straight line has no author
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                text = ast.get_docstring(node) or ""
                if "Tensor" in ast.unparse(node.args) and not SHAPES.search(text):
                    silent.append(_where(path, node, f"{node.name} tells no shapes"))
                if not SOURCE.search(text + (ast.get_docstring(tree) or "")) and not _only_composes(node):
                    silent.append(_where(path, node, f"{node.name} names no source"))
    assert not silent


def _only_composes(node: ast.FunctionDef) -> bool:
    """A formula multiplies or divides; what only calls others has its sources there."""
    formulas = (ast.Mult, ast.Div, ast.Pow)
    return not any(isinstance(inner, ast.BinOp) and isinstance(inner.op, formulas) for inner in ast.walk(node))


def test_nothing_loads_or_runs_foreign_code() -> None:
    unsafe = []
    for path, tree in modules().items():
        for node in ast.walk(tree):
            if _imported(node) & UNSAFE_MODULES or (isinstance(node, ast.Call) and _is_unsafe(node)):
                unsafe.append(_where(path, node, ast.unparse(node)[:80]))
    assert not unsafe


def _imported(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {(node.module or "").split(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def _is_unsafe(call: ast.Call) -> bool:
    trusting = any(
        keyword.arg in ("trust_remote_code", "allow_pickle")
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in call.keywords
    )
    if isinstance(call.func, ast.Name):
        return trusting or call.func.id in UNSAFE_CALLS
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return trusting or (call.func.value.id, call.func.attr) in UNSAFE_METHODS
    return trusting


def test_nothing_is_unfinished() -> None:
    words = re.compile(r"\b(?:TODO|FIXME|XXX|HACK|NotImplementedError|NotImplemented)\b")
    files = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".yaml", ".js", ".css", ".html", ".cpp")]
    assert not [str(path.relative_to(ROOT)) for path in files if words.search(path.read_text(encoding="utf-8"))]


def test_names_say_what_they_are() -> None:
    assert not [str(path) for path in modules() if re.search(r"utils?|helpers?|misc|common", path.stem)]
    vague = re.compile(r"(?:Manager|Handler|Helper|Util|Utils)$")
    assert not [
        _where(path, node, node.name)
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and vague.search(node.name)
    ]


def test_no_branch_on_an_algorithms_name() -> None:
    branches = [
        _where(path, node, ast.unparse(node))
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for side in [node.left, *node.comparators]
        if isinstance(side, ast.Constant) and side.value in PRESETS
    ]
    assert not branches


def test_no_probing_for_attributes() -> None:
    probes = [
        _where(path, node, ast.unparse(node)[:80])
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hasattr"
    ]
    assert not probes


def test_broad_excepts_raise_again_or_are_recorded() -> None:
    swallowed = [
        _where(path, node, "swallows every exception")
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _keeps_record(node)
    ]
    assert not swallowed


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")


def _keeps_record(handler: ast.ExceptHandler) -> bool:
    """It raises, or it uses the exception that it names."""
    if any(isinstance(node, ast.Raise) for node in ast.walk(handler)):
        return True
    return any(isinstance(node, ast.Name) and node.id == handler.name for node in ast.walk(handler))
