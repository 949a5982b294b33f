"""Why locked atoms cannot be turned into a plan."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence


class ComposerUnsupported(EkaError):
    """An atom names a composer that this eka does not have."""

    code = "composer-unsupported"
    exit_status = Exit.USAGE

    def __init__(self, atom: str, table: Sequence[str]) -> None:
        keys = ", ".join(table) or "empty"
        super().__init__(
            what=f"{atom} is built by a composer that eka does not have",
            why=f"its manifest has a [compose] table ({keys}) and no [build] table",
            fix="use an eka that has this composer, or ask for a version with a [build] table",
        )


class NothingToBuild(EkaError):
    """The target has no recipe."""

    code = "nothing-to-build"
    exit_status = Exit.USAGE

    def __init__(self, atom: str, others: Sequence[str] = ()) -> None:
        fix = "add a [build] table"
        if others:
            fix += f", or build a dependency: eka build {others[0]}"
        super().__init__(
            what=f"{atom} has no [build] table",
            why="its output is its own tree; there is nothing to build",
            fix=fix,
        )


class RootfsMissing(EkaError):
    """A script has no tree to run in."""

    code = "rootfs-missing"
    exit_status = Exit.USAGE

    def __init__(self, atom: str) -> None:
        super().__init__(
            what=f"the script of {atom} has no root file system",
            why="nothing of this machine is in the sandbox, not even a shell",
            fix='name a dependency that holds /bin/sh: rootfs = "toolchain" in [build]',
        )


class SystemUnsupported(EkaError):
    """An atom, or the pin of a source, is not for this system."""

    code = "system-unsupported"
    exit_status = Exit.USAGE

    def __init__(self, atom: str, system: str, known: Sequence[str]) -> None:
        super().__init__(
            what=f"{atom} cannot be built for {system}",
            why=f"it is for {', '.join(known)}",
            fix=f"build on such a machine, or ask for a version for {system}",
        )
        self.system, self.known = system, tuple(known)


class InputUnpinned(EkaError):
    """A recipe names an input that the lock does not pin."""

    code = "input-unpinned"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, name: str) -> None:
        super().__init__(
            what=f"the lock pins no {name} for {atom}",
            why="the manifest was changed since the lock was written",
            fix="run eka lock",
        )
        self.name = name


class DependencyAmbiguous(EkaError):
    """A dependency line may mean atoms of several sets."""

    code = "dependency-ambiguous"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, label: str, keys: Sequence[str]) -> None:
        super().__init__(
            what=f"the dependency {label} of {atom} may be one of several atoms",
            why=f"the lock has {' and '.join(keys)}, and the address of neither set is that of "
            "the manifest",
            fix="write the address of the set into [package.sets] as atom.lock has it",
        )
        self.label, self.keys = label, tuple(keys)


class KindUnsupported(EkaError):
    """A direct source of a kind that eka knows nothing of."""

    code = "direct-kind-unsupported"
    exit_status = Exit.USAGE

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        super().__init__(
            what=f"direct sources of kind {kind} are not supported",
            where=f"deps.direct.{kind}.{name}",
            fix=f"use one of the kinds {', '.join(known)}",
        )


class PythonsDiffer(EkaError):
    """Packages for several versions of Python would be laid into one tree."""

    code = "pythons-differ"
    exit_status = Exit.USAGE

    def __init__(self, atom: str, versions: Sequence[str]) -> None:
        super().__init__(
            what=f"{atom} unpacks packages for several Pythons over one another",
            where="build.unpack",
            why=f"they are for {', '.join(versions)}",
            fix="write the same `python` in both, or unpack one of them",
        )
        self.versions = tuple(versions)


class InterpreterUnknown(EkaError):
    """A pypi source names an interpreter that is no input of its recipe."""

    code = "interpreter-unknown"
    exit_status = Exit.USAGE

    def __init__(self, source: str, name: str, known: Sequence[str]) -> None:
        super().__init__(
            what=f"there is no input {name} that could hold the Python of {source}",
            where=f"deps.direct.pypi.{source}.interpreter",
            why=f"there are: {', '.join(sorted(known)) or 'none'}",
            fix="name a dependency or a direct source of another kind",
        )
        self.name = name


class SourcesAdjacent(EkaError):
    """Two Debian source packages would be unpacked as if they were one."""

    code = "sources-adjacent"
    exit_status = Exit.USAGE

    def __init__(self, atom: str, names: tuple[str, str]) -> None:
        super().__init__(
            what=f"{atom} unpacks two Debian source packages over one another",
            where=f"build.unpack: {names[0]}, {names[1]}",
            why="each is a tree of its own, made of several files",
            fix="unpack one of them, and use the other in the script of another atom",
        )
