"""What can go wrong in the store: one class per fact."""

from __future__ import annotations

from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_SHOWN = 600  # letters of a foreign text


def _short(text: str) -> str:
    """Return the beginning of a text that whoever sent it may have made endless."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class InvalidStorePath(EkaError):
    """A text is not the name of a store path."""

    code = "invalid-store-path"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str) -> None:
        super().__init__(
            what="this is not a store path",
            where=_short(repr(raw)),
            why=why,
            fix="write it as /eka/store/<32 letters>-<name>",
        )
        self.raw = raw


class InvalidStoreName(EkaError):
    """A text cannot be the name part of a store path."""

    code = "invalid-store-name"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str) -> None:
        super().__init__(
            what="this cannot be the name of a store path",
            where=_short(repr(raw)),
            why=why,
            fix="use 1 to 200 of the characters A-Z a-z 0-9 + - . _ ? = and no dot at the start",
        )
        self.raw = raw


class PathNotFound(EkaError):
    """The store does not hold a path."""

    code = "path-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, path: str, store: str) -> None:
        super().__init__(
            what="the store does not hold this path",
            where=path,
            why=f"it was never added to {store}, or was collected",
            fix="add it again with `eka-store add`, or realise the plan that makes it",
        )
        self.path = path


class NotInPath(EkaError):
    """A store path holds nothing of a name."""

    code = "not-in-path"
    exit_status = Exit.NOT_FOUND

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            what="this is not in the store path",
            where=place,
            why=why,
            fix="see what it holds with `eka-store ls`",
        )
        self.place = place


class NotAFile(EkaError):
    """Bytes were asked for of something that has none."""

    code = "not-a-file"
    exit_status = Exit.USAGE

    def __init__(self, place: str, kind: str) -> None:
        super().__init__(
            what=f"this is a {kind}, not a file",
            where=place,
            fix="name a file in it; `eka-store ls` shows them",
        )
        self.place, self.kind = place, kind


class PlanNotFound(EkaError):
    """No plan of an id is kept."""

    code = "plan-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, identity: str) -> None:
        super().__init__(
            what="the store keeps no plan of this id",
            where=identity,
            fix="put it with `eka-store put-plan`, or name a file that holds it",
        )
        self.identity = identity


class ContentMismatch(EkaError):
    """A tree is not the one it was said to be."""

    code = "content-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, name: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="the content is not what was expected",
            where=name,
            why=f"expected content {expected}, found {found}",
            fix="do not use it; fetch it again from a source you trust",
        )
        self.expected, self.found = expected, found


class UnsafeTree(EkaError):
    """A tree holds something that no store path may hold."""

    code = "unsafe-tree"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the tree cannot be kept in the store",
            where=where,
            why=why,
            fix="remove or rename the entry",
        )


class SourceUnreadable(EkaError):
    """A file or directory to add cannot be read."""

    code = "source-unreadable"
    exit_status = Exit.NOT_FOUND

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="cannot read what should be added to the store",
            where=where,
            why=why,
            fix="check the path and its permissions",
        )


class InvalidPlan(EkaError):
    """A plan breaks a rule of atom-spec/plan.md."""

    code = "invalid-plan"
    exit_status = Exit.USAGE

    def __init__(self, where: str, why: str, *, fix: str = "") -> None:
        super().__init__(
            what="the plan is not valid",
            where=_short(where),
            why=_short(why),
            fix=fix or "make the plan again with the program that wrote it",
        )

    def inside(self, place: str) -> InvalidPlan:
        """Return the same fact, its place written from further outside."""
        where = f"{place}.{self.where}" if self.where else place
        return InvalidPlan(where, self.why, fix=self.fix)


class StoreUnusable(EkaError):
    """The operating system refuses what the store needs."""

    code = "store-unusable"
    exit_status = Exit.FAILED

    def __init__(self, where: str, why: str, *, fix: str = "") -> None:
        super().__init__(
            what="the store cannot be used",
            where=where,
            why=why,
            fix=fix or "check space and permissions, or choose another directory with --store",
        )


class StoreDamaged(EkaError):
    """The database of the store cannot be read."""

    code = "store-damaged"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the database of the store is damaged",
            where=where,
            why=why,
            fix="move the store directory away; everything in it can be built again",
        )


class StoreTooNew(EkaError):
    """The store was written by a newer eka."""

    code = "store-too-new"
    exit_status = Exit.FAILED

    def __init__(self, where: str, *, expected: int, found: int) -> None:
        super().__init__(
            what="the store was written by a newer version of eka",
            where=where,
            why=f"expected database schema {expected} or older, found {found}",
            fix="update eka, or choose another directory with --store",
        )


class StoreBusy(EkaError):
    """Other processes kept the store locked for too long."""

    code = "store-busy"
    exit_status = Exit.FAILED

    def __init__(self, where: str, timeout_s: float) -> None:
        super().__init__(
            what="the store is in use",
            where=where,
            why=f"other processes held its lock for more than {timeout_s:g} seconds",
            fix="wait for them to end and try again",
        )


class RootExists(EkaError):
    """Something that is no link to a store path lies where a root should be."""

    code = "root-exists"
    exit_status = Exit.CONFLICT

    def __init__(self, link: str) -> None:
        super().__init__(
            what="cannot put the link here",
            where=link,
            why="something exists at this path that is not a link to a store path",
            fix="remove it, or choose another name for the link",
        )


class MissingReferences(EkaError):
    """An output refers to paths the store does not hold."""

    code = "missing-references"
    exit_status = Exit.INTEGRITY

    def __init__(self, path: str, missing: Sequence[str]) -> None:
        super().__init__(
            what="an output refers to paths that are not in the store",
            where=path,
            why=", ".join(missing),
            fix="lease the inputs for as long as the build runs",
        )
        self.missing = tuple(missing)


@contextmanager
def refusals(where: object) -> Generator[None, None, None]:
    """Turn what the operating system refuses into `StoreUnusable`."""
    try:
        yield
    except OSError as error:
        place = str(where if error.filename is None else error.filename)
        raise StoreUnusable(place, error.strerror or str(error)) from error
