"""What can go wrong between a plan and its outputs; one class per fact."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, Problems

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class BrokenArchive(EkaError):
    """An archive ends too early or its bytes make no sense."""

    code = "broken-archive"
    exit_status = Exit.INTEGRITY

    def __init__(self, archive: str, why: str) -> None:
        super().__init__(
            what="the archive cannot be read",
            where=archive,
            why=why,
            fix="ask its maker; the checksum is right, so fetching it again cannot help",
        )
        self.archive = archive


class UnsafeArchive(EkaError):
    """An archive holds an entry that has no place in a build input."""

    code = "unsafe-archive"
    exit_status = Exit.INTEGRITY

    def __init__(self, archive: str, entry: bytes, why: str) -> None:
        super().__init__(
            what="the archive holds an entry that must not be unpacked",
            where=f"{archive}: {entry.decode(errors='backslashreplace')}",
            why=why,
            fix="do not use this archive; report it to whoever made it",
        )
        self.archive, self.entry = archive, entry


class ArchiveConflict(EkaError):
    """Two entries of the unpacked layers cannot stand at one path."""

    code = "archive-conflict"
    exit_status = Exit.CONFLICT

    def __init__(self, archive: str, entry: bytes, why: str) -> None:
        super().__init__(
            what="two entries want the same path",
            where=f"{archive}: {entry.decode(errors='backslashreplace')}",
            why=why,
            fix="unpack the archives into separate trees, or leave one of them out",
        )
        self.archive, self.entry = archive, entry


class ArchiveTooLarge(EkaError):
    """An archive unpacks to more than a build input may hold."""

    code = "archive-too-large"
    exit_status = Exit.INTEGRITY

    def __init__(self, archive: str, limit: int, unit: str) -> None:
        super().__init__(
            what="the archive unpacks to more than is allowed",
            where=archive,
            why=f"the limit is {limit} {unit}",
            fix="do not use this archive: it may be made to fill the disk",
        )
        self.archive, self.limit, self.unit = archive, limit, unit


class UnsupportedArchive(EkaError):
    """An archive is of a kind this program cannot unpack."""

    code = "unsupported-archive"
    exit_status = Exit.FAILED

    def __init__(self, archive: str, why: str, fix: str = "") -> None:
        super().__init__(
            what="the archive is of a kind that cannot be unpacked here",
            where=archive,
            why=why,
            fix=fix
            or "use another file: tar (also with gzip, xz or bzip2), zip, or a Debian package",
        )
        self.archive = archive


class ArchiveLacks(EkaError):
    """An archive does not hold the directory that is to be taken from it."""

    code = "archive-lacks"
    exit_status = Exit.NOT_FOUND

    def __init__(self, archive: str, path: bytes) -> None:
        super().__init__(
            what="the archive does not hold the directory that is wanted of it",
            where=f"{archive}: {path.decode(errors='backslashreplace')}",
            why="names are compared after the leading directories were dropped",
            fix="look into the archive, then correct `subdir` or `strip` in atom.toml",
        )
        self.archive, self.path = archive, path


class InterpreterMissing(EkaError):
    """A tree does not hold the Python that wheels are to be started with."""

    code = "interpreter-missing"
    exit_status = Exit.NOT_FOUND

    def __init__(self, tree: str, version: str, tried: Sequence[str]) -> None:
        super().__init__(
            what=f"there is no Python {version} in the tree that should hold it",
            where=tree,
            why=f"none of these is a program in it: {', '.join(tried)}",
            fix="name the input that holds it: `interpreter` of the pypi source; or correct "
            "`python` there",
        )
        self.version = version


class FetchFailed(EkaError):
    """No URL of a pinned file gave it."""

    code = "fetch-failed"
    exit_status = Exit.NETWORK

    def __init__(self, name: str, attempts: Sequence[tuple[str, str]], *, gone: bool) -> None:
        fix = "check the network and the proxy, then try again"
        if gone:
            fix = "the mirror no longer has this version; run eka lock --refresh"
        super().__init__(
            what=f"cannot fetch {name}",
            where=", ".join(url for url, _ in attempts),
            why="; ".join(reason for _, reason in attempts),
            fix=fix,
        )
        self.name, self.attempts, self.gone = name, tuple(attempts), gone


class FetchMismatch(EkaError):
    """A URL gave other bytes than those pinned."""

    code = "fetch-mismatch"
    exit_status = Exit.HASH_MISMATCH

    def __init__(self, name: str, url: str, *, expected: str, found: str) -> None:
        super().__init__(
            what=f"{name} is not the file that was pinned",
            where=url,
            why=f"expected {expected}, found {found}",
            fix="do not trust that server; if the file was replaced on purpose, pin it anew",
        )
        self.name, self.url, self.expected, self.found = name, url, expected, found


class SandboxUnavailable(EkaError):
    """Builds cannot run in a sandbox on this machine."""

    code = "sandbox-unavailable"
    exit_status = Exit.FAILED

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(what="the build sandbox does not work here", why=why, fix=fix)


class NoShell(EkaError):
    """The environment of a build has no shell to open it with."""

    code = "no-shell"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, *, is_built: bool = True) -> None:
        why = "its root file system holds neither bash nor sh"
        super().__init__(
            what=f"the build of {name} has no shell",
            why=why if is_built else "it is unpacked, and nothing runs for that",
            fix="add a shell to the root file system" if is_built else "name what has a recipe",
        )
        self.name, self.is_built = name, is_built


class WrongSystem(EkaError):
    """An action is for another kind of machine."""

    code = "wrong-system"
    exit_status = Exit.FAILED

    def __init__(self, name: str, *, expected: str, found: str) -> None:
        super().__init__(
            what=f"{name} cannot be built on this machine",
            why=f"it is for {expected}, this machine is {found}",
            fix=f"build it on a machine of kind {expected}",
        )
        self.name, self.expected, self.found = name, expected, found


class BuildFailed(EkaError):
    """A builder ended with an error, or without the outputs it promised."""

    code = "build-failed"
    exit_status = Exit.BUILD_FAILED

    def __init__(self, name: str, why: str, *, log: Path | None, tail: Sequence[str] = ()) -> None:
        super().__init__(
            what=f"the build of {name} failed",
            where=str(log) if log else "",
            why=why,
            fix=f"read the whole log: eka-store log {name}" if log else "",
        )
        self.name, self.log, self.details = name, log, tuple(tail)
        self.kept: Path | None = None

    def keep(self, directory: Path) -> None:
        """Remember where the files of the build were put, and say so."""
        self.kept = directory
        self.fix = (
            f"look at the files of the build in {directory}; {directory}/enter starts a shell"
        )


class BuildTimedOut(BuildFailed):
    """A builder ran longer than its action allows."""

    code = "build-timed-out"
    exit_status = Exit.BUILD_TIMEOUT

    def __init__(
        self, name: str, timeout_s: int, *, log: Path | None, tail: Sequence[str] = ()
    ) -> None:
        super().__init__(name, f"still running after {timeout_s} s", log=log, tail=tail)
        self.fix = "read the log to see where it hangs; if it only needs longer, raise timeout_s"
        self.timeout_s = timeout_s


class BuildOutOfMemory(BuildFailed):
    """A builder was ended because it used up the memory that its user lets it use."""

    code = "build-out-of-memory"
    exit_status = Exit.BUILD_FAILED

    def __init__(self, name: str, *, log: Path | None, tail: Sequence[str] = ()) -> None:
        super().__init__(name, "it needed more memory than it may use", log=log, tail=tail)
        self.fix = "raise the limit: the setting build.max_memory, or --max-memory of eka-store"


class BuildOutputTooLarge(BuildFailed):
    """A builder made more than the outputs of one action may hold."""

    code = "build-output-too-large"
    exit_status = Exit.BUILD_FAILED

    def __init__(self, name: str, most_bytes: int, *, log: Path | None) -> None:
        super().__init__(name, f"its outputs hold more than {most_bytes} bytes", log=log)
        self.fix = "let it make less; or raise the limit: --max-output of eka-store"
        self.most_bytes = most_bytes


class NonDeterministic(EkaError):
    """Building one action twice gave two outcomes."""

    code = "nondeterministic"
    exit_status = Exit.NONDETERMINISTIC

    def __init__(
        self, name: str, *, first: str, second: str, differs: str, difference: Sequence[str] = ()
    ) -> None:
        super().__init__(
            what=f"{name} does not build to the same bytes twice",
            where=differs,
            why=f"expected {first}, found {second}",
            fix="compare the two paths; time stamps, file order and build paths are usual causes",
        )
        self.name, self.first, self.second, self.differs = name, first, second, differs
        self.details = tuple(difference)


class BuildsFailed(Problems):
    """Several actions of a plan failed, each for a reason of its own."""

    code = "builds-failed"
    exit_status = Exit.BUILD_FAILED

    def __init__(self, problems: list[EkaError], *, skipped: int) -> None:
        what = f"{len(problems)} actions failed"
        if skipped:
            what += f", {skipped} more could not be performed without them"
        super().__init__(problems, what=what)
        self.skipped = skipped

    @property
    def worst(self) -> int:
        """The exit status of the first, in the order of the plan."""
        return int(self.problems[0].exit_status)


class BuildInterrupted(EkaError):
    """The build was told to stop before it ended."""

    code = "build-interrupted"
    exit_status = Exit.INTERRUPTED

    def __init__(self, name: str) -> None:
        super().__init__(what=f"the build of {name} was interrupted")
        self.name = name


class UnsupportedCapability(EkaError):
    """An action needs what the sandbox it should run in cannot do."""

    code = "unsupported-capability"
    exit_status = Exit.FAILED

    def __init__(self, name: str, *, capability: str, backend: str, why: str, fix: str) -> None:
        super().__init__(
            what=f"{name} cannot be built by {backend}: it needs {capability}",
            where=name,
            why=why,
            fix=fix,
        )
        self.name, self.capability, self.backend = name, capability, backend


class NixFailed(EkaError):
    """Nix, which was to build, could not do its own part."""

    code = "nix-failed"
    exit_status = Exit.FAILED

    def __init__(self, why: str) -> None:
        super().__init__(
            what="Nix could not do what was asked of it",
            why=why,
            fix="mend what it complains of, or build without --nix; its directory may be deleted",
        )
