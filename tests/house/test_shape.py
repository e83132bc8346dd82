"""Small functions, small files, flat folders, one direction of imports."""

from __future__ import annotations

import statistics

from tests.house.source import PACKAGE, ROOT, folder, functions, imported_folders, modules, num_lines

LADDER = [
    {"types", "errors"},
    {"config"},
    {"text", "algorithms", "runtime", "sandbox"},
    {"models", "verifiers"},
    {"rewards", "tools"},
    {"tasks"},
    {"lab"},
    {"engines"},
    {"rollouts"},
    {"evaluation", "search", "review"},
    {"stages"},
    {"cli"},
]
REPORT_SEES = {"types", "errors", "runtime"}


def test_functions_have_at_most_60_lines() -> None:
    long = [
        f"{path}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path, tree in modules().items()
        for node in functions(tree)
        if node.end_lineno is not None and node.end_lineno - node.lineno + 1 > 60
    ]
    assert not long


def test_files_have_at_most_300_lines_and_half_of_them_under_150() -> None:
    lines = {path: num_lines(path) for path in modules() if path.name != "__init__.py"}
    assert not {str(path): count for path, count in lines.items() if count > 300}
    assert statistics.median(lines.values()) < 150


def test_folders_are_two_deep_at_most_and_hold_something() -> None:
    assert not [str(path) for path in modules() if len(path.parts) > 3]
    folders = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert not [path.name for path in folders if not any(file.stat().st_size for file in path.glob("*.*"))]


def test_imports_go_down_the_ladder() -> None:
    rung = {name: height for height, names in enumerate(LADDER) for name in names}
    wrong = []
    for path, tree in modules().items():
        here = folder(path)
        if here in ("report", "__init__", "__main__"):
            continue
        assert here in rung, f"{here} stands on no rung: give it one here and in the design"
        for other in imported_folders(path, tree):
            if other == "report" and here == "cli":
                continue
            if rung.get(other, len(LADDER)) >= rung[here]:
                wrong.append(f"{path} imports from {other}")
    assert not wrong


def test_report_sees_records_and_runtime_only() -> None:
    wrong = [
        f"{path} imports from {other}"
        for path, tree in modules().items()
        if folder(path) == "report"
        for other in imported_folders(path, tree) - REPORT_SEES
    ]
    assert not wrong


def test_no_two_folders_import_each_other() -> None:
    pairs = {(folder(path), other) for path, tree in modules().items() for other in imported_folders(path, tree)}
    assert not sorted(pair for pair in pairs if pair[::-1] in pairs and pair[0] < pair[1])


def test_only_the_pipeline_names_an_engines_implementation() -> None:
    named = {
        str(path)
        for path, tree in modules().items()
        if folder(path) == "stages" and "engines" in imported_folders(path, tree, at_run_time=True)
    }
    assert named <= {"stages/pipeline.py"} | {name for name in named if name.startswith("stages/build")}


def test_tests_mirror_the_package() -> None:
    known = {path.parts[0].removesuffix(".py") for path in modules()}
    known |= {"house", "resume", "golden", "parity", "hostile", "gpu", "examples", "benchmarks"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= known, f"not a folder of the package: {folders - known}"
