"""The style of the packages, measured: sizes, annotations, docstrings, and what has no place in package code."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("orchestra_core", "plugins", "examples/third_party_plugin/src", "examples/run_logger_plugin/src")
    for path in (ROOT / folder).rglob("*.py")
)
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions_in(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree_of(path)) if isinstance(node, Function))


def length_of(function: Function, lines: list[str]) -> int:
    """Return the lines of code of a function, without its docstring and blank lines."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    docstring = set(range(function.body[0].lineno, function.body[0].end_lineno + 1)) if body is not function.body else set()
    numbers = set(range(function.lineno, function.end_lineno + 1)) - docstring
    return sum(bool(lines[number - 1].strip()) for number in numbers)


def lengths() -> dict[str, int]:
    found = {}
    for path, name in zip(FILES, NAMES, strict=True):
        lines = path.read_text(encoding="utf-8").splitlines()
        found.update({f"{name}:{one.lineno} {one.name}": length_of(one, lines) for one in functions_in(path)})
    return found


def test_functions_are_short():
    every = lengths()
    assert {name: length for name, length in every.items() if length > 60} == {}
    assert median(every.values()) <= 8
    assert sorted(every.values())[int(0.95 * len(every))] <= 35


def test_files_are_short():
    sizes = {name: len(path.read_text(encoding="utf-8").splitlines()) for path, name in zip(FILES, NAMES, strict=True)}
    assert {name: size for name, size in sizes.items() if size >= 400} == {}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_everything_is_annotated_and_public_names_have_docstrings(path):
    assert list(_unannotated(path)) == []
    assert list(_undocumented(tree_of(path), "")) == []
    assert ast.get_docstring(tree_of(path)), "the module says in its first line what it is for"


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_package_code_has_no_assert_no_print_and_no_bare_except(path):
    found = [
        f"line {node.lineno}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")
        or (isinstance(node, ast.ExceptHandler) and node.type is None)
    ]
    assert found == []


def _unannotated(path: Path) -> Iterator[str]:
    for function in functions_in(path):
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        bare = [one.arg for one in every if one is not None and one.annotation is None and one.arg not in ("self", "cls")]
        if bare or function.returns is None:
            yield f"line {function.lineno}: {function.name} {bare}"


def _undocumented(node: ast.AST, prefix: str) -> Iterator[str]:
    """Yield public classes, functions and methods without a docstring, not looking inside functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ClassDef | Function) or child.name.startswith("_"):
            continue
        overload = any("overload" in ast.unparse(decorator) for decorator in child.decorator_list)
        if ast.get_docstring(child) is None and not overload:
            yield f"line {child.lineno}: {prefix}{child.name}"
        if isinstance(child, ast.ClassDef):
            yield from _undocumented(child, f"{child.name}.")
