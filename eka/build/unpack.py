"""Archives laid over one another, as a stream of nodes for the store (atom-spec/build.md).

Nothing is unpacked onto a disk under a name an archive chose: bytes go into a nameless spool, the
tree is built in memory, and only the finished tree is handed to the store.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from eka.build.ar import deb_payload
from eka.build.errors import UnsafeArchive, UnsupportedArchive
from eka.build.inflate import Budget, Inflated
from eka.build.overlay import Directory, File, Link, Overlay, parse_path
from eka.build.spool import Spool
from eka.build.tar import Kind, TarReader
from eka.build.wheel import PythonHome, Target, add_python, install_wheel
from eka.build.zip import ZipReader
from eka.checking import TYPE_CHECKING
from eka.store import DirNode, FileNode, Layer, LayerFormat, LinkNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import IO

    from eka.build.inflate import Reader
    from eka.build.python_scripts import Interpreter
    from eka.build.spool import LayerFile
    from eka.build.tar import Member
    from eka.store import Node, UnpackAction

MAX_UNPACKED_BYTES = 16 << 30
_SIGNATURE = re.compile(r"\.(dsc|asc|sig)$")
_ORIGINAL = re.compile(r"\.orig(-(?P<component>[A-Za-z0-9-]+))?\.tar\.[a-z0-9]+$")
_PACKAGING = re.compile(r"\.debian\.tar\.[a-z0-9]+$")
_TARBALL = re.compile(r"\.tar(\.[a-z0-9]+)?$")


def unpacked(
    action: UnpackAction,
    files: Mapping[str, LayerFile],
    scratch: IO[bytes],
    *,
    max_bytes: int = MAX_UNPACKED_BYTES,
    interpreter: Interpreter | None = None,
) -> Iterator[Node]:
    """Return the merged tree of the layers of ``action``, root first.

    Args:
        action: Which files, in which order, and the links to add.
        files: The file of each input.
        scratch: An empty file open for reading and writing; holds the bytes until they are read.
        max_bytes: Of all layers together, unpacked.
        interpreter: What starts the Python of ``action``; None: its tree gets no programs.

    Raises:
        UnsafeArchive, ArchiveConflict, ArchiveTooLarge, BrokenArchive, UnsupportedArchive.

    Source: atom-spec/build.md [unpack-merge], [unpack-contained].
    """
    merged = any(layer.format is LayerFormat.DEB for layer in action.layers)
    unpacking = _Unpacking(
        Overlay(usr_merged=merged),
        Spool(scratch),
        Budget(max_bytes),
        action.strip,
        PythonHome(action.python.version, interpreter) if action.python else None,
    )
    for kind, group in groupby(action.layers, key=_format):
        layers = list(group)
        if kind is LayerFormat.DEBIAN_SOURCE:
            unpacking.source_package([files[layer.input] for layer in layers])
            continue
        for layer in layers:
            unpacking.add(layer, files[layer.input])
    unpacking.finish(action.name)
    for path, target in sorted(action.links.items()):
        parts = parse_path(path.encode(), action.name)
        unpacking.overlay.put_declared_link(parts, target.encode(), action.name)
    return _nodes(unpacking.overlay, unpacking.spool)


def unpacked_tar(
    file: LayerFile, scratch: IO[bytes], *, strip: int = 0, max_bytes: int = MAX_UNPACKED_BYTES
) -> Iterator[Node]:
    """Return the tree of one tar archive, compressed or not, under the rules of `unpacked`.

    Args:
        file: The archive; read once, from its beginning to its end.
        scratch: An empty file open for reading and writing.
        strip: How many leading directories to drop from the names.
        max_bytes: Of the archive, unpacked.
    """
    unpacking = _Unpacking(Overlay(), Spool(scratch), Budget(max_bytes), strip, None)
    unpacking.add(Layer(file.name, LayerFormat.TAR), file)
    return _nodes(unpacking.overlay, unpacking.spool)


def _format(layer: Layer) -> LayerFormat:
    return layer.format


def _nodes(overlay: Overlay, spool: Spool) -> Iterator[Node]:
    yield DirNode(())
    for path, entry in overlay.entries():
        match entry:
            case Directory():
                yield DirNode(path)
            case Link(target):
                yield LinkNode(path, target)
            case File(start, size, executable):
                yield FileNode(path, executable, spool.read(start, size))


@dataclass(frozen=True, slots=True)
class _Unpacking:
    overlay: Overlay
    spool: Spool
    budget: Budget
    strip: int
    python: PythonHome | None

    def add(self, layer: Layer, file: LayerFile) -> None:
        strip = self.strip if layer.strip is None else layer.strip
        into = Overlay() if layer.subdir else self.overlay
        match layer.format:
            case LayerFormat.DEB:
                self._read(file, into, payload=deb_payload)
            case LayerFormat.ZIP:
                self._read_zip(file, into, strip)
            case LayerFormat.TREE:
                self._copy(file, into)
            case LayerFormat.WHEEL if self.python is not None:
                install_wheel(file, self._target(self.python))
            case _:
                self._read(file, into, strip=strip)
        if layer.subdir:
            self.overlay.lay(into, parse_path(layer.subdir.encode(), file.name), file.name)

    def finish(self, name: str) -> None:
        """Add what starts Python with the packages of this tree."""
        if self.python is not None:
            add_python(self._target(self.python), name)

    def _target(self, python: PythonHome) -> Target:
        return Target(self.overlay, self.spool, self.budget, python)

    def source_package(self, files: Sequence[LayerFile]) -> None:
        # As dpkg-source does: the upstream tree, its components, then the packaging in place of
        # any debian/ upstream had. Patches are the build's business.
        for file in sorted(files, key=_source_rank):
            if _SIGNATURE.search(file.name):
                continue
            if not _TARBALL.search(file.name):
                raise UnsupportedArchive(
                    file.name,
                    "a source package of format 1.0 keeps its packaging in a diff",
                    "use the upstream tarball as a `url` source instead",
                )
            tree = Overlay()
            self._read(file, tree)
            original = _ORIGINAL.search(file.name)
            component = original["component"] if original else None
            place: tuple[bytes, ...] = (component.encode(),) if component else ()
            if _PACKAGING.search(file.name):
                place = (b"debian",)
            self.overlay.graft(place, tree, file.name)

    def _read(
        self,
        file: LayerFile,
        into: Overlay,
        *,
        strip: int = 0,
        payload: Callable[[Reader, str], Reader] | None = None,
    ) -> None:
        with file.open() as raw:
            stream: Reader = payload(raw, file.name) if payload else raw
            tar = TarReader(Inflated(stream, file.name, self.budget), file.name)
            for member in tar:
                self._put(tar, member, into, (file.name, strip))

    def _read_zip(self, file: LayerFile, into: Overlay, strip: int) -> None:
        with file.open() as raw:
            members = ZipReader(raw, file.name, self.budget)
            for member in members:
                self._put(members, member, into, (file.name, strip))

    def _copy(self, file: LayerFile, into: Overlay) -> None:
        for node in file.nodes():
            match node:
                case DirNode(path):
                    into.put_directory(path, file.name)
                case LinkNode(path, target):
                    into.put(path, Link(target), file.name)
                case FileNode(path, executable, chunks):
                    start, size = self.spool.append(iter(chunks))
                    self.budget.spend(size, file.name)
                    into.put(path, File(start, size, executable), file.name)

    def _put(
        self,
        tar: TarReader | ZipReader,
        member: Member,
        into: Overlay,
        origin: tuple[str, int],
    ) -> None:
        archive, strip = origin
        path = parse_path(member.name, archive)[strip:]
        if not path:
            # The root itself, or what stripping leaves nothing of.
            if member.kind is not Kind.DIRECTORY and not strip:
                raise UnsafeArchive(archive, member.name, "the root must be a directory")
            return
        match member.kind:
            case Kind.DIRECTORY:
                into.put_directory(path, archive)
            case Kind.SYMLINK:
                into.put(path, Link(member.target), archive)
            case Kind.HARDLINK:
                into.put_copy(path, parse_path(member.target, archive)[strip:], archive)
            case Kind.FILE:
                start, size = self.spool.append(tar.content())
                into.put(path, File(start, size, member.executable), archive)


def _source_rank(file: LayerFile) -> tuple[int, str]:
    """Upstream first, components next, packaging last."""
    original = _ORIGINAL.search(file.name)
    if _PACKAGING.search(file.name):
        return 2, file.name
    return (1 if original and original["component"] else 0), file.name
