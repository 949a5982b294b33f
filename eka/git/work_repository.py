"""The repository a person works in: its commits, trees and refs, read through the git command.

Nothing here believes what could be forged or left out: replace refs and grafts are off, objects
are read raw, missing ones are never fetched behind the person's back. The repository's own
configuration decides no program to run: hooks, file system monitors and content filters are off.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING
from eka.git.batch_reader import BatchReader
from eka.git.repository_errors import NotARepository, ObjectUnavailable, RevisionNotFound
from eka.git.runner import GitFailed, RunOptions
from eka.git.tree_listing import TreeItem, parse_tree_listing

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Unpack

    from eka.git.runner import GitRunner

MAX_LISTING_BYTES = 1024 * 1024 * 1024
_MAX_PATHSPECS = 64
RESULT_LINK = "result"
_LAYOUT_LINES = 5
_MAX_REF_PATTERNS = 256

_NOT_FETCHED = "from promisor remote"  # what git says where it would have fetched
_PARTIAL = "the clone is a partial one, and was made without it"

READING_ENV = {
    "GIT_GRAFT_FILE": f"{os.devnull}/none",  # no file can be there
    # A partial clone would fetch what is missing, and run what the repository's configuration
    # names as transport. Publishing says instead that something is missing.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
}


@dataclass(frozen=True, slots=True)
class RootCommit:
    """A commit without parents, and when its author says it was made."""

    oid: ObjectId
    committed_s: int
    """Seconds since 1970 by the committer's clock: not to be trusted, only to be sorted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryLayout:
    """Where the parts of a repository lie."""

    git_dir: Path
    common_dir: Path
    work_tree: Path | None
    """None for a bare repository."""
    algorithm: str
    is_shallow: bool


class WorkRepository:
    """A local repository whose atoms are published."""

    def __init__(self, layout: RepositoryLayout, runner: GitRunner) -> None:
        self.layout = layout
        self.runner = runner

    @classmethod
    def open(cls, path: Path, runner: GitRunner) -> WorkRepository:
        """Return the repository that ``path`` lies in; raises NotARepository."""
        return cls(_find_layout(path, runner), runner)

    @property
    def git_dir(self) -> Path:
        """The git directory of this working tree."""
        return self.layout.git_dir

    @property
    def common_dir(self) -> Path:
        """The git directory that all linked working trees share: refs and objects lie there."""
        return self.layout.common_dir

    @property
    def work_tree(self) -> Path | None:
        """The top of the working tree; None in a bare repository."""
        return self.layout.work_tree

    @property
    def algorithm(self) -> str:
        """The object format: ``sha1`` or ``sha256``."""
        return self.layout.algorithm

    @property
    def is_shallow(self) -> bool:
        """Whether history was cut off when it was cloned."""
        return self.layout.is_shallow

    @property
    def hooks_dir(self) -> Path:
        """Where git would look for hooks here; eka runs none."""
        # Our own commands set `core.hooksPath`, so the last value but that one counts.
        args = ["config", "--type=path", "-z", "--get-all", "core.hooksPath"]
        values = os.fsdecode(self.git(args, ok=(0, 1))).split("\0")
        configured = [value for value in values if value not in {"", os.devnull}]
        base = self.work_tree or self.git_dir
        return base / configured[-1] if configured else self.common_dir / "hooks"

    def git(self, args: Sequence[str], **options: Unpack[RunOptions]) -> bytes:
        """Run a git command that reads this repository, and return its output."""
        options["git_dir"] = self.git_dir
        options["env"] = {**READING_ENV, **options.get("env", {})}
        try:
            return self.runner.run(args, **options)
        except GitFailed as error:
            if _NOT_FETCHED in error.stderr:
                raise ObjectUnavailable("", _PARTIAL) from error
            raise

    @property
    def head(self) -> ObjectId | None:
        """The commit of HEAD; None on a branch that has no commit yet."""
        return self._parse_revision("HEAD")

    @property
    def branch(self) -> str | None:
        """The full name of the branch HEAD is on (``refs/heads/main``); None when detached."""
        name = self.git(["symbolic-ref", "--quiet", "HEAD"], ok=(0, 1)).decode(
            errors="surrogateescape"
        )
        return name.rstrip("\n") or None

    def resolve(self, revision: str) -> ObjectId:
        """Return the commit that ``revision`` names; raises RevisionNotFound."""
        found = self._parse_revision(revision)
        if found is None:
            raise RevisionNotFound(revision)
        return found

    def _parse_revision(self, revision: str) -> ObjectId | None:
        if revision.startswith("-") or not revision.isprintable():
            raise RevisionNotFound(revision)
        args = ["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"]
        text = self.git(args, ok=(0, 1, 128)).decode().strip()
        return ObjectId(text) if text else None

    def commit(self, oid: ObjectId) -> bytes:
        """Return the raw body of a commit; raises ObjectUnavailable."""
        try:
            return self.git(["cat-file", "commit", oid.hex])
        except GitFailed as error:
            raise ObjectUnavailable(oid.hex) from error

    def tree_of(self, commit: ObjectId) -> ObjectId:
        """Return the tree of a commit."""
        first = self.commit(commit).partition(b"\n")[0].decode("ascii", errors="replace")
        return ObjectId(first.removeprefix("tree "))

    def roots(self, commit: ObjectId) -> tuple[RootCommit, ...]:
        """Return the parentless ancestors of ``commit``, oldest first (equal times: by id)."""
        lines = self.git(["rev-list", "--max-parents=0", "--timestamp", commit.hex]).decode()
        found = (line.split() for line in lines.splitlines())
        roots = (RootCommit(ObjectId(oid), int(time)) for time, oid in found)
        return tuple(sorted(roots, key=lambda root: (root.committed_s, root.oid)))

    def is_ancestor(self, ancestor: ObjectId, descendant: ObjectId) -> bool:
        """Return whether ``descendant`` is ``ancestor`` or comes after it."""
        args = ["merge-base", "--is-ancestor", ancestor.hex, descendant.hex]
        finished = self.runner.execute(args, git_dir=self.git_dir, env=READING_ENV)
        if finished.status not in (0, 1):
            raise GitFailed(args[0], finished.status, finished.stderr)
        return finished.status == 0

    def present(self, oids: Sequence[ObjectId]) -> frozenset[ObjectId]:
        """Return those of ``oids`` whose objects are here."""
        if not oids:
            return frozenset()
        asked = "".join(f"{oid.hex}\n" for oid in oids).encode()
        answer = self.git(["cat-file", "--batch-check=%(objectname)"], stdin=asked).decode()
        # One line for each question: the id, or the id and ` missing`.
        lines = answer.splitlines()
        return frozenset(oid for oid, line in zip(oids, lines, strict=True) if line == oid.hex)

    def list_tree(self, commit: ObjectId) -> list[TreeItem]:
        """Return every directory and file of a commit with its object id; one git command."""
        args = ["ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit.hex]
        return parse_tree_listing(self.git(args, max_output=MAX_LISTING_BYTES))

    def refs(self, prefixes: Sequence[str]) -> dict[str, ObjectId]:
        """Return the local refs that are, or lie below, one of ``prefixes``."""
        return self._list_refs([prefix.rstrip("/") for prefix in prefixes])

    def exact_refs(self, names: Collection[str]) -> dict[str, ObjectId]:
        """Return those of the refs ``names`` that exist."""
        # One command line does not hold thousands of names, and git would compare each with each.
        patterns = list(names) if len(names) <= _MAX_REF_PATTERNS else ["refs/"]
        return {name: oid for name, oid in self._list_refs(patterns).items() if name in names}

    def _list_refs(self, patterns: Sequence[str]) -> dict[str, ObjectId]:
        if not patterns:
            return {}
        args = ["for-each-ref", "--format=%(objectname) %(refname)", *patterns]
        lines = self.git(args, max_output=MAX_LISTING_BYTES).decode(errors="surrogateescape")
        found = (line.split(" ", 1) for line in lines.splitlines())
        return {name: ObjectId(oid) for oid, name in found}

    def dirty_paths(self, directories: Sequence[str]) -> list[str]:
        """Return what differs from HEAD in the working tree below some directories.

        Args:
            directories: Paths from the top of the repository; ``.`` is all of it.

        Returns:
            Paths from the top: changed, staged, deleted and untracked files, but not ignored ones
            and not the links to results that a build leaves.
        """
        if self.work_tree is None or not directories:
            return []
        args = ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all"]
        args.append("--ignore-submodules=all")
        if len(directories) <= _MAX_PATHSPECS:
            args += ["--", *(f":(top,literal){'' if d == '.' else d}" for d in directories)]
        output = self.runner.run(
            args,
            cwd=self.work_tree,
            env={**READING_ENV, **self._without_filters()},
            max_output=MAX_LISTING_BYTES,
        )
        wanted = frozenset(directories)
        found: list[str] = []
        for entry in output.split(b"\0"):
            path = entry[3:].decode(errors="surrogateescape")
            is_link = entry.startswith(b"??") and _is_result_link(self.work_tree / path)
            if path and _is_below(path, wanted) and not is_link:
                found.append(path)
        return found

    def _without_filters(self) -> dict[str, str]:
        """Return variables that switch off each content filter the configuration names.

        ``git status`` would run them on changed files. A file a filter would have changed then
        counts as changed: atoms are made of what is committed, not of what a filter makes of it.
        """
        args = ["config", "--name-only", "-z", "--get-regexp", r"^filter\..*\.(clean|process)$"]
        names = self.git(args, ok=(0, 1)).decode(errors="surrogateescape").split("\0")
        drivers = sorted({name.rpartition(".")[0] for name in names if name})
        settings = [(f"{d}.{key}", "") for d in drivers for key in ("clean", "process")]
        settings += [(f"{d}.required", "false") for d in drivers]
        # Not `-c`: it splits at the first `=`, and a driver's name may hold one.
        variables = {"GIT_CONFIG_COUNT": str(len(settings))}
        for number, (key, value) in enumerate(settings):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return variables

    def reader(self) -> BatchReader:
        """Return a reader of this repository's objects, to be used in a ``with`` block."""
        return BatchReader(self.runner, self.git_dir, READING_ENV)


def _find_layout(path: Path, runner: GitRunner) -> RepositoryLayout:
    if not path.is_dir():
        raise NotARepository(str(path), "there is no such directory")
    args = ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir"]
    args += ["--show-object-format", "--is-shallow-repository", "--is-inside-work-tree"]
    try:
        lines = runner.run(args, cwd=path, env=READING_ENV)
    except GitFailed as error:
        if "not a git repository" not in error.stderr:
            raise  # git says what it dislikes (ownership, format), and what to do
        raise NotARepository(str(path), "no `.git` here or above") from error
    found = os.fsdecode(lines).split("\n")[:-1]
    if len(found) != _LAYOUT_LINES:
        raise NotARepository(str(path), "a path with a line end cannot be told from two")
    git_dir, common_dir, algorithm, shallow, inside = found
    work_tree = None
    if inside == "true":
        top = runner.run(["rev-parse", "--show-toplevel"], cwd=path, env=READING_ENV)
        work_tree = Path(os.fsdecode(top).rstrip("\n"))
    return RepositoryLayout(
        git_dir=Path(git_dir),
        common_dir=Path(common_dir),
        work_tree=work_tree,
        algorithm=algorithm,
        is_shallow=shallow == "true",
    )


def _is_result_link(path: Path) -> bool:
    """Tell whether a file is a link to the result of a build: ``result`` or ``result-LABEL``."""
    return path.name.partition("-")[0] == RESULT_LINK and path.is_symlink()


def _is_below(path: str, directories: frozenset[str]) -> bool:
    """Return whether a file lies in one of ``directories``; takes as long as the path is deep."""
    if "." in directories:
        return True
    while path and path not in directories:
        path = path.rpartition("/")[0]
    return bool(path)
