"""Python wheels laid into a tree, as the binary distribution format says.

A wheel is a zip file with a list of its files and their hashes; every byte is held against it.
Nothing of a wheel is run, and no bytecode is made.

Source: https://packaging.python.org/en/latest/specifications/binary-distribution-format/.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from eka.build.errors import ArchiveTooLarge, BrokenArchive, UnsafeArchive, UnsupportedArchive
from eka.build.overlay import File, parse_path
from eka.build.python_scripts import (
    entry_points,
    environment_text,
    launcher_text,
    script_text,
    with_own_interpreter,
)
from eka.build.tar import Kind
from eka.build.zip import ZipReader
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.build.inflate import Budget
    from eka.build.overlay import Overlay, Path
    from eka.build.python_scripts import Interpreter
    from eka.build.spool import LayerFile, Spool

MAX_RECORD_BYTES = 64 << 20
MAX_TEXT_BYTES = 1 << 20  # of the other texts that are read
MAX_SCRIPT_BYTES = 16 << 20  # one whose first line is rewritten
INSTALLER = b"eka\n"
_STRONG = frozenset({"sha256", "sha384", "sha512"})
_UNLISTED = {(b"RECORD",), (b"RECORD.jws",), (b"RECORD.p7s",)}
_MAJOR = re.compile(rb"^Wheel-Version:[ \t]*1\.[0-9]+[ \t\r]*$", re.MULTILINE)
_FILE_PARTS = 5  # of a name: distribution, version, Python, ABI, platform


@dataclass(frozen=True, slots=True)
class PythonHome:
    """The Python that wheels are laid out for."""

    version: str  # such as 3.11
    interpreter: Interpreter | None  # what starts it; None: the tree gets no programs


@dataclass(frozen=True, slots=True)
class Target:
    """The tree that wheels are laid into."""

    overlay: Overlay
    spool: Spool
    budget: Budget
    python: PythonHome

    @property
    def packages(self) -> Path:
        """Where packages go."""
        return (b"lib", b"python" + self.python.version.encode(), b"site-packages")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A file of a wheel; its bytes lie in the spool."""

    file: File
    sha256: str  # as RECORD has it


def add_python(target: Target, name: str) -> None:
    """Add what starts Python with the packages of a tree, if it has an interpreter.

    Source: atom-spec/build.md [unpack-python].
    """
    interpreter, version = target.python.interpreter, target.python.version
    if interpreter is None:
        return
    launcher = launcher_text(interpreter, version)
    for path, data, executable in (
        ((b"pyvenv.cfg",), environment_text(interpreter, version), False),
        ((b"bin", b"python"), launcher, True),
        ((b"bin", b"python3"), launcher, True),
    ):
        start, size = target.spool.append(iter([data]))
        target.overlay.put(path, File(start, size, executable), name)


def install_wheel(wheel: LayerFile, target: Target) -> None:
    """Lay a wheel into a tree: packages, scripts, headers and data.

    Raises:
        BrokenArchive: it is no wheel, or its files are not what its RECORD lists.
        UnsafeArchive: a name in it leads somewhere else.
        UnsupportedArchive: it is of another version of the format.
        ArchiveTooLarge: it unpacks to more than is allowed.

    Source: atom-spec/build.md [unpack-wheel].
    """
    installer = _Installer(wheel, target)
    installer.check()
    installer.install()


class _Installer:
    """One wheel on its way into a tree."""

    def __init__(self, wheel: LayerFile, target: Target) -> None:
        self._name = wheel.name
        self._target = target
        self._pieces = dict(self._read(wheel))
        self._info = self._find_info()
        self._record: list[tuple[str, str, str]] = []

    def _read(self, wheel: LayerFile) -> Iterator[tuple[Path, _Piece]]:
        with wheel.open() as raw:
            members = ZipReader(raw, self._name, self._target.budget)
            for member in members:
                path = parse_path(member.name, self._name)
                if member.kind is Kind.DIRECTORY:
                    continue
                if member.kind is not Kind.FILE or not path:
                    raise UnsafeArchive(self._name, member.name, "a wheel holds files only")
                yield path, self._spooled(members.content(), executable=member.executable)

    def _spooled(self, chunks: Iterator[bytes], *, executable: bool) -> _Piece:
        sha256 = hashlib.sha256()

        def hashed() -> Iterator[bytes]:
            for chunk in chunks:
                sha256.update(chunk)
                yield chunk

        start, size = self._target.spool.append(hashed())
        return _Piece(File(start, size, executable), _encoded(sha256.digest()))

    def _find_info(self) -> bytes:
        """Return the directory of metadata, which must be that of the file's name."""
        found = {path[0] for path in self._pieces if path[0].endswith(b".dist-info")}
        parts = self._name.removesuffix(".whl").split("-")
        if len(found) != 1 or len(parts) < _FILE_PARTS:
            raise BrokenArchive(self._name, "it is not a wheel: it needs one .dist-info directory")
        info = found.pop()
        names = info.removesuffix(b".dist-info").decode("utf-8", "replace").split("-")
        if [_normal(each) for each in names] != [_normal(each) for each in parts[:2]]:
            raise BrokenArchive(self._name, "its metadata are of another package or version")
        return info

    def check(self) -> None:
        """Hold every file against the list of files and hashes."""
        if _MAJOR.search(self._text(b"WHEEL")) is None:
            why = "it is a wheel of another version than 1"
            raise UnsupportedArchive(self._name, why, "use a later eka")
        listed = self._listed()
        for path, piece in self._pieces.items():
            if path[0] == self._info and path[1:] in _UNLISTED:
                continue
            if path not in listed:
                raise BrokenArchive(self._name, f"RECORD does not list {_shown(path)}")
            self._check_hash(path, piece, listed.pop(path))
        for path in listed:
            if path not in self._pieces:
                raise BrokenArchive(self._name, f"RECORD lists {_shown(path)}, which is not there")

    def _listed(self) -> dict[Path, str]:
        """Return what RECORD lists, path to hash; no more than there is, as it may be endless."""
        found: dict[Path, str] = {}
        try:
            text = self._text(b"RECORD", MAX_RECORD_BYTES).decode("utf-8")
            for row in csv.reader(io.StringIO(text, newline="")):
                if len(row) != 3:  # noqa: PLR2004 - path, hash, size
                    raise BrokenArchive(self._name, "its RECORD makes no sense")
                path = parse_path(row[0].encode(), self._name)
                if path in found:
                    raise BrokenArchive(self._name, f"RECORD lists {_shown(path)} twice")
                if len(found) > len(self._pieces):
                    raise BrokenArchive(self._name, "RECORD lists more files than there are")
                found[path] = row[1]
        except (UnicodeDecodeError, csv.Error) as error:
            raise BrokenArchive(self._name, f"its RECORD makes no sense: {error}") from error
        return found

    def _check_hash(self, path: Path, piece: _Piece, listed: str) -> None:
        method, _, digits = listed.partition("=")
        if method not in _STRONG:
            raise BrokenArchive(self._name, f"RECORD has no strong hash of {_shown(path)}")
        found = piece.sha256
        if method != "sha256":
            file = piece.file
            state = hashlib.new(method)
            for chunk in self._target.spool.read(file.start, file.size):
                state.update(chunk)
            found = _encoded(state.digest())
        if found != digits.rstrip("="):
            raise BrokenArchive(self._name, f"{_shown(path)} is not what RECORD lists")

    def install(self) -> None:
        """Put every file at its place, and the scripts that entry points ask for."""
        data = self._info.removesuffix(b".dist-info") + b".data"
        for path, piece in self._pieces.items():
            if path[0] == self._info and path[1:] in _UNLISTED:
                continue
            if path[0] == data:
                self._put_data(path, piece)
            else:
                self._put((*self._target.packages, *path), piece)
        self._put_entry_points()
        self._write((*self._target.packages, self._info, b"INSTALLER"), INSTALLER)
        self._put_record()

    def _put_data(self, path: Path, piece: _Piece) -> None:
        scheme, rest = path[1:2], path[2:]
        if not rest:
            raise UnsafeArchive(self._name, b"/".join(path), "a file is where a scheme should be")
        target = self._target
        package = self._name.partition("-")[0].encode()
        places: dict[bytes, Path] = {
            b"purelib": target.packages,
            b"platlib": target.packages,
            b"data": (),
            b"headers": (b"include", b"python" + target.python.version.encode(), package),
        }
        if scheme == (b"scripts",):
            self._put_script(rest, piece)
        elif scheme[0] in places:
            self._put((*places[scheme[0]], *rest), piece)
        else:
            raise UnsafeArchive(self._name, b"/".join(path), "nobody knows where this belongs")

    def _put_script(self, path: Path, piece: _Piece) -> None:
        file = piece.file
        head = next(self._target.spool.read(file.start, min(file.size, 64)), b"")
        if not head.startswith(b"#!python") or file.size > MAX_SCRIPT_BYTES:
            self._put((b"bin", *path), _Piece(File(file.start, file.size, True), piece.sha256))  # noqa: FBT003 - executable
        elif self._target.python.interpreter is not None:
            text = b"".join(self._target.spool.read(file.start, file.size))
            self._write((b"bin", *path), with_own_interpreter(text, len(path)), executable=True)

    def _put_entry_points(self) -> None:
        path = (self._info, b"entry_points.txt")
        if path not in self._pieces or self._target.python.interpreter is None:
            return
        for point in entry_points(self._text(b"entry_points.txt"), self._name):
            text = script_text(point)
            self._write((b"bin", point.name.encode()), text, executable=True)

    def _put_record(self) -> None:
        """Write the list of what was installed; paths start where packages are."""
        own = (*self._target.packages, self._info, b"RECORD")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows(sorted({*self._record, (self._relative(own), "", "")}))
        start, size = self._target.spool.append(iter([out.getvalue().encode()]))
        self._target.overlay.put(own, File(start, size, executable=False), self._name)

    def _put(self, path: Path, piece: _Piece) -> None:
        self._target.overlay.put(path, piece.file, self._name)
        row = (self._relative(path), f"sha256={piece.sha256}", str(piece.file.size))
        self._record.append(row)

    def _write(self, path: Path, data: bytes, *, executable: bool = False) -> None:
        self._put(path, self._spooled(iter([data]), executable=executable))

    def _relative(self, path: Path) -> str:
        packages = self._target.packages
        if path[: len(packages)] == packages:
            return _shown(path[len(packages) :])
        return _shown((*(b"..",) * len(packages), *path))

    def _text(self, name: bytes, limit: int = MAX_TEXT_BYTES) -> bytes:
        """Return a text of the metadata."""
        piece = self._pieces.get((self._info, name))
        if piece is None:
            raise BrokenArchive(self._name, f"it is not a wheel: it has no {name.decode()}")
        if piece.file.size > limit:
            raise ArchiveTooLarge(self._name, limit, "bytes in its metadata")
        return b"".join(self._target.spool.read(piece.file.start, piece.file.size))


def _encoded(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _normal(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9+]+", "-", name).lower()


def _shown(path: Path) -> str:
    return b"/".join(path).decode("utf-8", "backslashreplace")
