"""Modules and functions stay small enough to be read in one sitting."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_PACKAGES = 4
# Tables of data, written by a program.
GENERATED = {"unicode_tables.py", "confusables_table.py"}
# These wire the parts together; that is what they are for.
WIRING = {"eka/cli/wiring.py", "eka/workflow/services.py"}


def modules() -> Iterator[tuple[str, str]]:
    """Yield the path and text of every module of eka."""
    for path in sorted((ROOT / "eka").rglob("*.py")):
        if path.name not in GENERATED:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def test_no_module_is_longer_than_a_sitting() -> None:
    lengths = {place: len(text.splitlines()) for place, text in modules()}

    assert {place: n for place, n in lengths.items() if n > MAX_MODULE_LINES} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{place}:{node.lineno} {node.name}": lines
        for place, text in modules()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := _body_lines(node)) > MAX_FUNCTION_LINES
    }

    assert long == {}


def test_no_module_needs_more_than_four_other_packages() -> None:
    wide = {
        place: sorted(others)
        for place, text in modules()
        if place not in WIRING and len(others := _packages(place, ast.parse(text))) > MAX_PACKAGES
    }

    assert wide == {}


def _body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of the statements; signature and docstring explain, they do not do."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1


def _packages(place: str, module: ast.Module) -> set[str]:
    """Return the packages of eka that a module imports, its own and the foundations aside."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    packages = {name.split(".")[1] for name in names if name.startswith("eka.")}
    own = place.split("/")[1]
    return packages - {own, "errors", "hashing", "text"}
