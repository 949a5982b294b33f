"""What can be wrong with the repository itself, before any atom is looked at."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.safe import safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence


class NotARepository(EkaError):
    """A place that lies in no git repository."""

    code = "not-a-repository"
    exit_status = Exit.NOT_FOUND

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            what="this is not a git repository",
            where=path,
            why=why,
            fix="go into a repository, name one with `-C`, or make one with `git init`",
        )
        self.path = path


class RevisionNotFound(EkaError):
    """A revision that names no commit of the repository."""

    code = "revision-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, revision: str) -> None:
        super().__init__(
            what="no commit has this name",
            where=safe_line(revision),
            why="expected a branch, a tag or a commit id of this repository",
            fix="`git log --oneline --all` lists the commits",
        )
        self.revision = revision


class NoCommitYet(EkaError):
    """A branch on which nothing has been committed."""

    code = "no-commit-yet"

    def __init__(self, path: str) -> None:
        super().__init__(
            what="the branch has no commit yet",
            where=path,
            why="a set takes its identity from its first commit, and atoms are made of commits",
            fix="commit something: `git add ekala.toml && git commit -m 'Start a set'`",
        )


class NoIdentity(EkaError):
    """A commit is to be made, and git does not know by whom."""

    code = "no-identity"

    def __init__(self, where: str) -> None:
        super().__init__(
            what="git does not know who you are",
            where=where,
            why="the first commit of the branch needs a name and an e-mail address",
            fix='git config --global user.name "Your Name", and user.email likewise; '
            "or make the first commit yourself",
        )


class HistoryExists(EkaError):
    """A first commit was to be made where there is one already."""

    code = "history-exists"
    exit_status = Exit.CONFLICT

    def __init__(self, path: str) -> None:
        super().__init__(
            what="the branch has commits already",
            where=path,
            why="a first commit is made on a branch without any",
            fix="commit with git",
        )
        self.path = path


class ObjectUnavailable(EkaError):
    """A git object that should be in the repository and is not, or is damaged."""

    code = "object-unavailable"
    exit_status = Exit.INTEGRITY

    def __init__(self, oid: str, why: str = "") -> None:
        super().__init__(
            what="the repository lacks a git object",
            where=oid,
            why=safe_line(why) or "it is missing or damaged, or the clone is a partial one",
            fix="`git fsck` tells which; a partial clone gets all with `git fetch --refetch`"
            " after `git config --unset remote.origin.partialclonefilter`",
        )
        self.oid = oid


class RepositoryNotWritable(EkaError):
    """A repository in which eka cannot even take its lock."""

    code = "repository-not-writable"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            what="the repository cannot be written to",
            where=path,
            why=why,
            fix="check who owns it, and that its file system is writable and can lock files",
        )
        self.path = path


class ShallowClone(EkaError):
    """A clone without its whole history cannot tell who its root is."""

    code = "shallow-clone"

    def __init__(self, path: str) -> None:
        super().__init__(
            what="this is a shallow clone",
            where=path,
            why="its history is cut off, so neither the set's first commit nor what comes after it"
            " can be seen",
            fix="`git fetch --unshallow`; in CI set `fetch-depth: 0` on the checkout step",
        )


class AmbiguousGenesis(EkaError):
    """A history with several first commits, none of them chosen."""

    code = "ambiguous-genesis"
    exit_status = Exit.USAGE

    def __init__(self, roots: Sequence[str]) -> None:
        super().__init__(
            what="the history has several first commits",
            where=", ".join(roots),
            why="the identity of every atom depends on one of them, and none was chosen yet",
            fix=f"choose one for ever, usually the oldest: `eka init --genesis {roots[0]}`",
        )
        self.roots = tuple(roots)


class InvalidGenesis(EkaError):
    """A genesis that is no first commit of the history it should begin."""

    code = "invalid-genesis"
    exit_status = Exit.INTEGRITY

    def __init__(self, genesis: str, why: str) -> None:
        super().__init__(
            what="the set's genesis does not begin this history",
            where=genesis,
            why=why,
            fix="publish from a clone of the set's own history;"
            " `git log --max-parents=0` lists its first commits",
        )
        self.genesis = genesis


class GenesisConflict(EkaError):
    """Two answers to which commit a set began with."""

    code = "genesis-conflict"
    exit_status = Exit.CONFLICT

    def __init__(self, *, expected: str, found: str, where: str) -> None:
        super().__init__(
            what="this is another set",
            where=where,
            why=f"expected genesis {expected}, found {found}",
            fix="check the remote; a local mistake is undone with"
            " `git update-ref -d refs/ekala/init` before the first publish",
        )
        self.expected, self.found = expected, found
