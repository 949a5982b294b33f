"""What can go wrong in a user story, beyond what its parts report."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class ProjectNotFound(EkaError):
    """The directory holds no manifest."""

    code = "project-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, directory: str) -> None:
        super().__init__(
            what="there is no atom.toml here",
            where=directory,
            fix="go to an atom's directory, use -C DIR, or make an atom with eka new PATH",
        )


class LockMissing(EkaError):
    """The project was never locked."""

    code = "lock-missing"

    def __init__(self, where: str, why: str = "--locked forbids writing one") -> None:
        super().__init__(
            what="there is no atom.lock", where=where, why=why,
            fix="run eka lock and commit the result",
        )  # fmt: skip


class NeverBuilt(EkaError):
    """There is no log of a build, for it never ran in this store."""

    code = "never-built"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str) -> None:
        super().__init__(
            what=f"there is no log of {name}",
            why="as it is now it never ran in this store, or so long ago that its log is gone",
            fix="build it; eka-store log lists what ran",
        )
        self.name = name


class LockStale(EkaError):
    """The lock is not what the manifest asks for."""

    code = "lock-stale"

    def __init__(self, where: str, why: str = "") -> None:
        super().__init__(
            what="atom.lock does not belong to atom.toml as it is now",
            where=where,
            why=why or "dependencies were edited since the lock was written",
            fix="run eka lock",
        )


class LockSourceRefused(EkaError):
    """The lock names a place that none of the manifests leads to."""

    code = "lock-source-refused"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="atom.lock names a place that does not come from atom.toml",
            where=where,
            why=f"expected {expected}, found {found}",
            fix="ask who edited the lock, and run eka lock to write it anew",
        )
        self.expected, self.found = expected, found


class Offline(EkaError):
    """Something is needed that only the network has."""

    code = "offline"
    exit_status = Exit.NETWORK

    def __init__(self, needed: str) -> None:
        super().__init__(
            what=f"{needed} is not in the local cache",
            why="--offline forbids the network",
            fix="run eka fetch while connected",
        )


class AtomNotFound(EkaError):
    """A source has no such atom, or no version that is wanted."""

    code = "atom-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, label: str, source: str, *, why: str = "", known: str = "") -> None:
        super().__init__(
            what=f"{label} was not found",
            where=source,
            why=why,
            fix=known
            or "check the spelling of label and source; eka list SOURCE names all labels",
        )


class UriIncomplete(EkaError):
    """A command needs more of a URI than was given."""

    code = "uri-incomplete"
    exit_status = Exit.USAGE

    def __init__(self, text: str, missing: str, *, fix: str = "") -> None:
        super().__init__(
            what=f"the URI names no {missing}",
            where=text,
            fix=fix or "write SOURCE::LABEL, such as gh:owner/repo::zlib@^1",
        )


class SetNotFound(EkaError):
    """The command needs the set that the directory belongs to."""

    code = "set-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="this directory belongs to no set of atoms",
            where=where,
            why=why,
            fix="run eka init at the root of the repository",
        )


class SetEmpty(EkaError):
    """A set without atoms."""

    code = "set-empty"
    exit_status = Exit.NOT_FOUND

    def __init__(self, where: str) -> None:
        super().__init__(
            what="the set has no atoms",
            where=where,
            why="no directory that it lists holds an atom.toml",
            fix="make an atom with eka new PATH",
        )


class ForeignGenesis(EkaError):
    """Two sources claim one lineage."""

    code = "foreign-genesis"
    exit_status = Exit.CONFLICT

    def __init__(self, genesis: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="a dependency names another source for a set that is already known",
            where=f"genesis {genesis}",
            why=f"expected {expected}, found {found}",
            fix="if you trust it, list it as a mirror of that set in [package.sets], or give "
            "--accept-source URL once: the lock remembers it",
        )
        self.expected, self.found = expected, found


class DependencyLockMissing(EkaError):
    """A published atom declares direct sources and carries no lock that pins them."""

    code = "dependency-lock-missing"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, why: str) -> None:
        super().__init__(
            what=f"{atom} declares direct sources that it does not pin",
            why=why,
            fix="ask its publisher to run eka lock, commit atom.lock and publish a new version",
        )


class NeighbourUnlocked(EkaError):
    """An atom in a directory here declares direct sources and has no lock that pins them."""

    code = "neighbour-unlocked"

    def __init__(self, label: str, directory: str, why: str) -> None:
        super().__init__(
            what=f"the direct sources of {label} are not pinned yet",
            where=directory,
            why=why,
            fix="run eka lock there, or in the root of the set for all its atoms",
        )


class LinkPlaceMissing(EkaError):
    """The link to a result should lie in a directory that does not exist."""

    code = "link-place-missing"
    exit_status = Exit.NOT_FOUND

    def __init__(self, directory: str) -> None:
        super().__init__(
            what="there is no directory for the link to the result",
            where=directory,
            fix="make it, choose another place with --link, or use --no-link",
        )


class PinMismatch(EkaError):
    """A pinned atom is not what the pin says."""

    code = "pin-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, *, expected: str, found: str) -> None:
        super().__init__(
            what=f"{atom} is not what atom.lock pins",
            why=f"expected {expected}, found {found}",
            fix="do not build it; eka verify says which part differs",
        )
        self.expected, self.found = expected, found


class ClaimMismatch(EkaError):
    """A published atom contradicts itself, or the ref that names it."""

    code = "claim-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, where: str, *, expected: str, found: str) -> None:
        super().__init__(
            what=f"what is published as {atom} is something else",
            where=where,
            why=f"expected {expected}, found {found}",
            fix="do not use it; ask its publisher for a new version",
        )
        self.expected, self.found = expected, found


class AlreadyExists(EkaError):
    """A file that a command would create is there."""

    code = "already-exists"
    exit_status = Exit.CONFLICT

    def __init__(self, what: str, where: str) -> None:
        super().__init__(
            what=f"{what} exists already", where=where, fix="edit it, or choose another place"
        )


class ProgramNotFound(EkaError):
    """An output has no such program."""

    code = "program-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, where: str, known: list[str]) -> None:
        super().__init__(
            what=f"there is no program {name}",
            where=where,
            fix=f"it has {', '.join(known)}" if known else "the output has no bin directory",
        )


class AtomIncomplete(EkaError):
    """A published tree lacks a file that every atom has."""

    code = "atom-incomplete"
    exit_status = Exit.INTEGRITY

    def __init__(self, tree: str, name: str) -> None:
        super().__init__(
            what=f"a published atom has no {name}",
            where=f"tree {tree}",
            fix="ask its publisher for a new version",
        )


class NotInSet(EkaError):
    """A label that the set of this repository does not have."""

    code = "not-in-set"
    exit_status = Exit.NOT_FOUND

    def __init__(self, label: str, known: list[str]) -> None:
        super().__init__(
            what=f"this repository has no atom {label}",
            fix=f"it has {', '.join(known)}" if known else "add its directory to ekala.toml",
        )


class OwnSetOnly(EkaError):
    """A bare label names an atom of this repository, and there is none."""

    code = "not-in-own-set"
    exit_status = Exit.NOT_FOUND

    def __init__(self, label: str, declared: tuple[str, ...] = ()) -> None:
        sets = ", ".join(f"{name}::{label}" for name in declared)
        known = f", or its set in atom.toml: {sets}" if sets else ""
        super().__init__(
            what=f"no set around this project has an atom {label}",
            why="a label without a source means an atom of the same repository",
            fix=f"name its source: eka add SOURCE::{label}{known}",
        )


class TargetAmbiguous(EkaError):
    """A target that names dependencies from several sets."""

    code = "target-ambiguous"
    exit_status = Exit.USAGE

    def __init__(self, name: str, titles: list[str]) -> None:
        super().__init__(
            what=f"this project has several dependencies called {name}",
            where=", ".join(titles),
            fix=f"name one with its set: {titles[0]}",
        )


class SetNameTaken(EkaError):
    """A manifest uses a set's name for another set."""

    code = "set-name-taken"
    exit_status = Exit.CONFLICT

    def __init__(self, name: str, urls: list[str]) -> None:
        super().__init__(
            what=f"the manifest calls another set {name}",
            where=f"package.sets.{name}",
            why=f"it is {', '.join(urls)}",
            fix="choose another name with --set, or leave the option out",
        )


class NotInLock(EkaError):
    """A target that the project does not depend on."""

    code = "not-in-lock"
    exit_status = Exit.NOT_FOUND

    def __init__(self, label: str, known: list[str]) -> None:
        super().__init__(
            what=f"{label} is not a direct dependency of this project",
            fix=f"it depends on {', '.join(known)}" if known else f"eka add SOURCE::{label}",
        )


class TagMoved(EkaError):
    """A tag leads to another commit than when it was pinned."""

    code = "tag-moved"
    exit_status = Exit.INTEGRITY

    def __init__(self, source: str, tag: str, *, expected: str, found: str) -> None:
        super().__init__(
            what=f"the tag {tag} of the git source {source} was moved",
            why=f"expected commit {expected}, found {found}",
            fix="find out who moved it and why; `eka lock --refresh --accept-moved "
            f"{source}` takes the new one",
        )
        self.source, self.tag, self.expected, self.found = source, tag, expected, found


class SourceTreeRefused(EkaError):
    """The tree of a direct source holds what no source may hold."""

    code = "source-tree-refused"
    exit_status = Exit.INTEGRITY

    def __init__(self, source: str, where: str, why: str) -> None:
        super().__init__(
            what=f"the tree of the git source {source} cannot be used",
            where=where,
            why=why,
            fix="take a directory without it (`subdir`) or another commit; what a submodule "
            "holds can be a git source of its own",
        )
        self.source = source
