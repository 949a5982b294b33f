"""``eka vendor``: the trees of locked atoms as plain directories, and the check of such ones.

Source: atom-spec/vendor.md.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager, suppress

from eka.atom import Label, ObjectId, Version
from eka.checking import TYPE_CHECKING, cast
from eka.errors import EkaError, raise_problems
from eka.values import dataclass
from eka.workflow.candidate import read_candidate
from eka.workflow.durable import replace_file
from eka.workflow.errors import PinMismatch
from eka.workflow.fetch import fetch_lock
from eka.workflow.line_file import table
from eka.workflow.locked import checked_lock
from eka.workflow.patched import patched_names
from eka.workflow.vendor_errors import VendorChanged, VendorPlaceTaken, VendorStale
from eka.workflow.vendor_tree import hash_directory, names_in, remove_tree, write_tree

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from pathlib import Path

    from eka.atom import Lock, LockedAtom
    from eka.workflow.candidate import Candidate
    from eka.workflow.project import Project
    from eka.workflow.services import Services

SCHEMA = "eka.vendored/1"
RECORD = "vendored.json"
MAX_RECORD_BYTES = 64 * 1024 * 1024
_HALF = ".eka-new"
_GENESIS_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorOptions:
    """How to vendor."""

    dry_run: bool = False
    force: bool = False  # write changed directories anew


@dataclass(frozen=True, slots=True)
class VendoredAtom:
    """One atom and the name of its directory."""

    atom: LockedAtom
    name: str


@dataclass(frozen=True, slots=True)
class VendorReport:
    """What a vendor directory holds, and what was done for it.

    Attributes:
        directory: The place.
        atoms: Those that the lock pins and that are published.
        written: Names of directories that were written, or would be.
        removed: Names of directories that were removed, or would be.
        own: Atoms of the own set: they are in this repository already.
        patched: Atoms of ``[patch]``, as label@version: only this machine has them.
        direct: Sources that are not atoms.
    """

    directory: Path
    atoms: tuple[VendoredAtom, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]
    own: int
    patched: tuple[str, ...]
    direct: int


def vendor_lock(
    services: Services, project: Project, directory: Path, options: VendorOptions
) -> VendorReport:
    """Write the tree of every published atom that a project's lock pins below ``directory``.

    What is there already and right stays as it is. Directories that an earlier run wrote for
    atoms that are not locked any more are removed; nothing else is touched.

    Raises:
        VendorChanged: a directory of an earlier run was edited (all of them at once).
        VendorPlaceTaken: something that eka did not write is in the way.
        PinMismatch: an atom is not what the lock pins.
    """
    _, lock = checked_lock(services, project)
    atoms = _named(lock)
    if directory.is_relative_to(project.directory):
        services.progress.note(
            f"{directory} lies in the atom's own directory: it becomes part of the atom, and "
            "atoms in atoms cannot be published"
        )
    if not options.dry_run:
        fetch_lock(services, lock)
        if not directory.exists():
            for each in atoms:  # no directory is made for what turns out to be no atom
                _candidate(services, each)
        directory.mkdir(parents=True, exist_ok=True)
    if not directory.is_dir():
        written = tuple(each.name for each in atoms)
        return _report(lock, directory, atoms, written, ())
    with _held(directory) as place:
        known = _recorded(directory)
        work = _Work(services, place, directory, options)
        wanted = {each.name: each for each in atoms}
        missing, gone = work.compare(wanted, known)
        if not options.dry_run:
            work.write([wanted[name] for name in missing], known)
            for name in gone:
                work.remove(name)
            _record(directory, atoms)
    return _report(lock, directory, atoms, tuple(missing), tuple(gone))


def check_vendored(services: Services, project: Project, directory: Path) -> VendorReport:
    """Hash everything below ``directory`` anew and compare it with a project's lock.

    Raises:
        VendorChanged: a directory is not what the lock pins, or is missing (all at once).
        VendorStale: the record there is not of this lock.
    """
    _, lock = checked_lock(services, project)
    atoms = _named(lock)
    if not directory.is_dir():
        raise VendorStale(str(directory), "there is no such directory")
    problems: list[EkaError] = []
    with _held(directory) as place:
        for number, each in enumerate(atoms, start=1):
            services.progress.count("atoms", number, len(atoms))
            error = _fault(place, directory, each)
            if error is not None:
                problems.append(error)
        raise_problems(problems)
        record = directory / RECORD
        if not record.is_file() or _read(record) != _encoded(atoms):
            raise VendorStale(str(record), "it lists other atoms than the lock")
    return _report(lock, directory, atoms, (), ())


def _named(lock: Lock) -> list[VendoredAtom]:
    """Return the published atoms of a lock with the names of their directories.

    LABEL-VERSION; with the beginning of the genesis where two sets, or two ways of writing with
    capital letters, would meet in one directory.
    """
    published = [atom for atom in lock.atoms if atom.rev is not None]
    plain = [f"{atom.key.label.text}-{atom.key.version.text}" for atom in published]
    folded = [name.casefold() for name in plain]
    return [
        VendoredAtom(
            atom,
            name if folded.count(name.casefold()) == 1 else f"{name}-{_short(atom)}",
        )
        for atom, name in zip(published, plain, strict=True)
    ]


def _short(atom: LockedAtom) -> str:
    return atom.key.genesis.hex[:_GENESIS_DIGITS]


class _Work:
    """One run in one directory."""

    def __init__(
        self, services: Services, place: int, directory: Path, options: VendorOptions
    ) -> None:
        self._services = services
        self._place = place
        self._directory = directory
        self._options = options

    def compare(
        self, wanted: Mapping[str, VendoredAtom], known: Mapping[str, str]
    ) -> tuple[list[str], list[str]]:
        """Return the names to write and those to remove; refuse what a person has edited."""
        missing: list[str] = []
        problems: list[EkaError] = []
        there = set(names_in(self._place))
        for name, each in wanted.items():
            if name not in there:
                missing.append(name)
                continue
            error = _fault(self._place, self._directory, each)
            if error is None:
                continue
            missing.append(name)
            if name not in known:
                where = str(self._directory / name)
                problems.append(VendorPlaceTaken(where, "eka vendor did not write it"))
            elif not self._options.force and not self._is_as_written(name, known[name]):
                problems.append(error)
        gone = sorted((known.keys() - wanted.keys()) & there)
        for name in gone:  # whatever --force says: nothing would be there in its place
            if not self._is_as_written(name, known[name]):
                where = str(self._directory / name)
                found = "another content"
                problems.append(VendorChanged(where, expected=known[name], found=found))
        raise_problems(problems)
        return missing, gone

    def _is_as_written(self, name: str, content: str) -> bool:
        """Return whether a directory still is what an earlier run wrote."""
        try:
            return hash_directory(self._place, name).hex == content
        except (EkaError, OSError):
            return False

    def remove(self, name: str) -> None:
        """Remove a directory; after a kill it is there whole, or the next run finds the rest."""
        old = f".{name}.old{_HALF}"
        os.rename(name, old, src_dir_fd=self._place, dst_dir_fd=self._place)
        remove_tree(self._place, old)

    def _sweep(self) -> None:
        """Remove what runs that were killed left; safe, for the directory is held."""
        for name in names_in(self._place):
            if name.startswith(".") and name.endswith(_HALF):
                remove_tree(self._place, name)
            elif name.startswith(f".{RECORD}.") and name.endswith(".tmp"):
                os.unlink(name, dir_fd=self._place)

    def write(self, atoms: Iterable[VendoredAtom], known: Mapping[str, str]) -> None:
        """Write directories, each whole or not at all."""
        services = self._services
        self._sweep()
        reader = services.reader()
        for each in atoms:
            atom, key = each.atom, each.atom.key
            services.progress.step(f"writing {each.name}")
            commit = _candidate(services, each).commit
            half = f".{each.name}{_HALF}"
            write_tree(self._place, half, commit.tree, reader)
            found = hash_directory(self._place, half)
            if atom.content is None or found != atom.content:
                remove_tree(self._place, half)
                expected = atom.content.hex if atom.content else ""
                name = f"{key.label.text}@{key.version.text}"
                raise PinMismatch(name, expected=expected, found=found.hex)
            if each.name in known:
                with suppress(FileNotFoundError):
                    self.remove(each.name)
            os.rename(half, each.name, src_dir_fd=self._place, dst_dir_fd=self._place)
        os.fsync(self._place)


def _candidate(services: Services, each: VendoredAtom) -> Candidate:
    """Return a fetched atom whose tree was found harmless."""
    key, rev = each.atom.key, each.atom.rev
    if rev is None:
        raise AssertionError(each.name)
    candidate = read_candidate(services.reader(), rev, key.label, key.version)
    found = candidate.commit.tree
    if each.atom.tree is not None and each.atom.tree != found:
        raise PinMismatch(each.name, expected=each.atom.tree.hex, found=found.hex)
    return candidate


def _fault(place: int, directory: Path, each: VendoredAtom) -> EkaError | None:
    """Return what is wrong with a vendored atom, None when nothing is."""
    where = str(directory / each.name)
    expected = each.atom.content.hex if each.atom.content else ""
    try:
        found = hash_directory(place, each.name).hex
    except FileNotFoundError:
        return VendorChanged(where, expected=expected, found="nothing")
    except NotADirectoryError:
        return VendorChanged(where, expected=expected, found="no directory")
    except OSError as error:
        # A link in the place of the directory, or a file nobody may read.
        return VendorChanged(where, expected=expected, found=error.strerror or str(error))
    except EkaError as error:
        return error
    return None if found == expected else VendorChanged(where, expected=expected, found=found)


@contextmanager
def _held(directory: Path) -> Generator[int]:
    """Open a directory and hold it against other runs in it."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _encoded(atoms: Iterable[VendoredAtom]) -> bytes:
    """Return the record of what is vendored: canonical JSON, readable, no time in it."""
    rows = [
        {
            "directory": each.name,
            "set": each.atom.key.genesis.hex,
            "label": each.atom.key.label.text,
            "version": each.atom.key.version.text,
            "id": each.atom.id.text,
            "rev": each.atom.rev.hex if each.atom.rev else "",
            "tree": each.atom.tree.hex if each.atom.tree else "",
            "blake3": each.atom.content.hex if each.atom.content else "",
        }
        for each in sorted(atoms, key=lambda each: each.atom.key)
    ]
    document = {"schema": SCHEMA, "atoms": rows}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _record(directory: Path, atoms: Iterable[VendoredAtom]) -> None:
    data, path = _encoded(atoms), directory / RECORD
    if not path.is_file() or _read(path) != data:
        replace_file(path, data)


def _read(path: Path) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        return stream.read(MAX_RECORD_BYTES)


def _recorded(directory: Path) -> dict[str, str]:
    """Return the content hashes of the directories that earlier runs wrote, by name."""
    path = directory / RECORD
    if not os.path.lexists(path):
        return {}
    try:
        rows = map(table, cast("list[object]", table(json.loads(_read(path)))["atoms"]))
        # Only names that a run can have made: a record that somebody edited must not make eka
        # remove anything else.
        return {
            name: str(row["blake3"])
            for row in rows
            for name in (str(row["directory"]),)
            if name in _names(Label(str(row["label"])), Version.parse(str(row["version"])), row)
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError, EkaError):
        raise VendorPlaceTaken(str(path), "eka vendor did not write it") from None


def _names(label: Label, version: Version, row: Mapping[str, object]) -> tuple[str, str]:
    plain = f"{label.text}-{version.text}"
    return plain, f"{plain}-{ObjectId(str(row['set'])).hex[:_GENESIS_DIGITS]}"


def _report(
    lock: Lock,
    directory: Path,
    atoms: Iterable[VendoredAtom],
    written: tuple[str, ...],
    removed: tuple[str, ...],
) -> VendorReport:
    return VendorReport(
        directory=directory,
        atoms=tuple(atoms),
        written=written,
        removed=removed,
        own=sum(atom.is_own for atom in lock.atoms),
        patched=patched_names(lock),
        direct=len(lock.direct),
    )
