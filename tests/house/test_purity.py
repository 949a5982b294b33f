"""What an import linter cannot see of pure packages: files, printing, the wrong half of urllib."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

EKA = Path(__file__).resolve().parents[2] / "eka"
PURE = (
    "errors.py", "ed25519.py", "hashing.py", "text.py", "atom", "resolve", "compose",
    "git/protocol.py", "git/pktline.py", "git/refs.py",
)  # fmt: skip
FUNCTIONS = {"open", "print", "input", "exec", "eval", "__import__"}
METHODS = {
    "chmod", "exists", "glob", "is_dir", "is_file", "iterdir", "mkdir", "open", "read_bytes",
    "read_text", "rename", "rglob", "rmdir", "stat", "symlink_to", "touch", "unlink",
    "write_bytes", "write_text",
}  # fmt: skip
# Of urllib the parser alone is pure.
IMPORTS = {"urllib.request", "urllib.error", "urllib.robotparser"}
OS_ALLOWED = {"fsencode", "fsdecode", "PathLike"}


def impurities(source: str) -> Iterator[str]:
    """Yield what a pure module must not do, as ``line: what``."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
                yield f"{node.lineno}: {name}()"
            case ast.Call(func=ast.Attribute(attr=name)) if name in METHODS:
                yield f"{node.lineno}: .{name}()"
            case ast.Import(names=names):
                yield from (
                    f"{node.lineno}: {each.name}" for each in names if each.name in IMPORTS
                )
            case ast.ImportFrom(module=str(module), names=names):
                found = {module, *(f"{module}.{each.name}" for each in names)}
                yield from (f"{node.lineno}: {each}" for each in sorted(found & IMPORTS))
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if name not in OS_ALLOWED:
                yield f"{node.lineno}: os.{name}"
            case _:
                pass


def pure_modules() -> Iterator[Path]:
    for name in PURE:
        place = EKA / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]


def test_pure_packages_touch_nothing() -> None:
    found = {
        path.relative_to(EKA).as_posix(): list(impurities(path.read_text(encoding="utf-8")))
        for path in pure_modules()
    }

    assert {place: what for place, what in found.items() if what} == {}


@pytest.mark.parametrize("line", [
    "import urllib.request",
    "from urllib import request",
    "from urllib.request import urlopen",
    "def f(p): return p.read_text()",
    "def f(p):\n    with open(p) as file: return file",
    "print('hello')",
    "import os\nhome = os.environ['HOME']",
])  # fmt: skip
def test_an_impurity_is_seen(line: str) -> None:
    assert list(impurities(line)) != []


def test_parsing_an_address_is_pure() -> None:
    assert list(impurities("from urllib.parse import urlsplit\nurlsplit('x')")) == []


def test_no_module_loads_typing_for_what_eka_checking_has() -> None:
    ours = {"TYPE_CHECKING", "NewType", "Protocol", "TypeVar", "cast"}

    found = [
        f"{path.relative_to(EKA)}: {each.name}"
        for path in sorted(EKA.rglob("*.py"))
        if path.name != "checking.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module == "typing"
        for each in node.names
        if each.name in ours
    ]

    assert found == []
