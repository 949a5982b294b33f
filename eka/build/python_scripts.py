"""Texts that start Python: launchers of entry points, and the interpreter of a tree itself."""

from __future__ import annotations

import configparser
import re
from dataclasses import dataclass

from eka.build.errors import BrokenArchive
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_ENTRY_POINTS = 1000
_SECTIONS = ("console_scripts", "gui_scripts")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,127}", re.ASCII)
_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_REFERENCE = re.compile(rf"(?P<module>{_DOTTED})\s*:\s*(?P<object>{_DOTTED})\s*(?:\[[^\]]*\]\s*)?")

# A shell runs lines two to four and is replaced by Python, for which they are one text.
_START = b"""#!/bin/sh
'''true' # started by the Python of its own tree
self=$0; [ ! -L "$self" ] || self=$(readlink -f -- "$self")
exec "${self%%/*}/%spython" "$self" "$@"
' '''
"""
_ENTRY = """\
import sys

from {module} import {first}

if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit({object}())
"""
_LAUNCHER = """\
#!/bin/sh
# Starts {program} with the packages of this tree.
self=$0; [ ! -L "$self" ] || self=$(readlink -f -- "$self")
here=$(CDPATH='' cd -- "${{self%/*}}" && pwd -P) || exit
"""
_WITH_LOADER = """\
exec "{loader}" --inhibit-cache --argv0 "$here/python" --library-path "{libraries}" \\
    "{program}" "$@"
"""
_WITHOUT_LOADER = """\
PYTHONPATH=$here/../lib/python{version}/site-packages${{PYTHONPATH:+:$PYTHONPATH}}
export PYTHONPATH
exec "{program}" "$@"
"""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A function that a package wants to be a program."""

    name: str
    module: str
    object: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python in the store, and what it needs to start there."""

    program: str  # its path, such as /eka/store/…-root/usr/bin/python3.11
    loader: str  # of shared libraries, of the same tree; empty: none is needed, or none is there
    libraries: Sequence[str]  # directories of the same tree

    @property
    def home(self) -> str:
        """Its directory."""
        return self.program.rpartition("/")[0]


def entry_points(data: bytes, archive: str) -> Iterator[EntryPoint]:
    """Yield the programs that ``entry_points.txt`` names.

    Raises:
        BrokenArchive: the text makes no sense, or a name is not that of a file.
    """
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
    parser.optionxform = str  # type: ignore[method-assign,assignment] # names keep their case
    try:
        parser.read_string(data.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BrokenArchive(archive, "its entry points make no sense") from error
    found = [item for name in _SECTIONS if parser.has_section(name) for item in parser.items(name)]
    if len(found) > MAX_ENTRY_POINTS:
        raise BrokenArchive(archive, f"it has more than {MAX_ENTRY_POINTS} entry points")
    for name, value in found:
        match = _REFERENCE.fullmatch(value.strip())
        if _NAME.fullmatch(name) is None or match is None:
            raise BrokenArchive(archive, f"the entry point {name[:128]!r} makes no sense")
        yield EntryPoint(name, match["module"], match["object"])


def script_text(point: EntryPoint) -> bytes:
    """Return the program of an entry point; it is started by the ``python`` beside it."""
    body = _ENTRY.format(
        module=point.module, first=point.object.partition(".")[0], object=point.object
    )
    return _START % b"" + body.encode()


def with_own_interpreter(script: bytes, depth: int) -> bytes:
    """Return a script that wants some Python as one that is started by that of its tree.

    Args:
        script: Its first line begins with ``#!python``.
        depth: How many names its path below ``bin`` has.
    """
    return _START % (b"../" * (depth - 1)) + script.partition(b"\n")[2]


def launcher_text(interpreter: Interpreter, version: str) -> bytes:
    """Return the program ``bin/python``: it finds packages by where it lies itself.

    A loader of the same tree makes it independent of the libraries of the machine, and lets
    Python take this program for its own, so that the ``pyvenv.cfg`` above counts.
    """
    ending = _WITH_LOADER if interpreter.loader else _WITHOUT_LOADER
    text = (_LAUNCHER + ending).format(
        program=interpreter.program,
        loader=interpreter.loader,
        libraries=":".join(interpreter.libraries),
        version=version,
    )
    return text.encode()


def environment_text(interpreter: Interpreter, version: str) -> bytes:
    """Return the ``pyvenv.cfg`` of the tree."""
    lines = (
        f"home = {interpreter.home}",
        "include-system-site-packages = false",
        f"version = {version}",
    )
    return "".join(f"{line}\n" for line in lines).encode()
