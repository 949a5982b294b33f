"""Finds a Python in a tree of the store, and what starts it there.

Only names are looked at: no link is followed out of the tree, and nothing is run.
"""

from __future__ import annotations

import re
import stat

from eka.build.errors import InterpreterMissing
from eka.build.python_scripts import Interpreter
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PROGRAMS = ("usr/bin", "bin", "usr/local/bin")
_LIBRARIES = ("usr/lib", "lib", "usr/lib64", "lib64", "usr/local/lib")
_HEADER_BYTES = 1 << 16  # of a program: where it names its loader
_LOADERS = (b"/ld-linux", b"/ld-musl", b"/ld64.so", b"/ld.so")
_ELF = b"\x7fELF"
_PLAIN = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def find_interpreter(tree: Path, logical: str, version: str) -> Interpreter:
    """Return the Python of a tree.

    Args:
        tree: Where it lies on this machine.
        logical: Where programs see it, such as ``/eka/store/…-root``.
        version: Such as ``3.11``.

    Raises:
        InterpreterMissing: the tree has no such Python.

    Source: atom-spec/build.md [unpack-python].
    """
    place = next((each for each in _PROGRAMS if _is_file(tree, f"{each}/python{version}")), None)
    if place is None:
        raise InterpreterMissing(
            logical, version, [f"{each}/python{version}" for each in _PROGRAMS]
        )
    program = f"{place}/python{version}"
    directories = list(_library_directories(tree))
    name = _loader_name(tree / program)
    loader = next(
        (f"{each}/{name}" for each in directories if _is_file(tree, f"{each}/{name}")), ""
    )
    if not name or not loader:
        return Interpreter(f"{logical}/{program}", "", ())
    libraries = tuple(f"{logical}/{each}" for each in directories)
    return Interpreter(f"{logical}/{program}", f"{logical}/{loader}", libraries)


def _library_directories(tree: Path) -> Iterator[str]:
    """Yield where a tree may keep shared libraries; those of one kind of machine come first."""
    for place in _LIBRARIES:
        if _mode(tree, place) is None or not stat.S_ISDIR(_mode(tree, place) or 0):
            continue
        names = sorted(entry.name for entry in (tree / place).iterdir() if "-linux-" in entry.name)
        for name in names:
            if stat.S_ISDIR(_mode(tree, f"{place}/{name}") or 0):
                yield f"{place}/{name}"
        yield place


def _loader_name(program: Path) -> str:
    """Return the file name of the loader that a program names; empty for a static one."""
    with program.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    if not head.startswith(_ELF):
        return ""
    for loader in _LOADERS:
        at = head.find(loader)
        if at >= 0:
            name = head[at + 1 :].partition(b"\0")[0]
            return name.decode() if _PLAIN.fullmatch(name) else ""  # it becomes part of a script
    return ""


def _is_file(tree: Path, path: str) -> bool:
    return stat.S_ISREG(_mode(tree, path) or 0)


def _mode(tree: Path, path: str) -> int | None:
    """Return the mode of what lies at a path; None where that leads through a link."""
    place, mode = tree, None
    for part in path.split("/"):
        place = place / part
        try:
            mode = place.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(mode):
            return None
    return mode
