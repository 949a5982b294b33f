"""A throw-away repository through which a working repository talks to a remote.

It borrows the working repository's objects and nothing else: no configuration (which could name
programs to run), no hooks, no refs. What is fetched lands here and vanishes with it; what is to be
pushed stands here under its own names, so that one short refspec carries any number of refs.
"""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.git.batch_reader import BatchReader
from eka.git.failures import fetch_failure, source_failure
from eka.git.push_report import PushReport, parse_push_report
from eka.git.work_repository import READING_ENV

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eka.atom import ObjectId, SourceUrl
    from eka.git.runner import GitRunner
    from eka.git.work_repository import WorkRepository

_REMOTE = "set"
_FETCH = (
    "fetch",
    "--stdin",
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    "--filter=tree:0",
)
_FETCH_SETTINGS = (
    "protocol.version=2",
    "fetch.unpackLimit=1",  # packs, not thousands of files
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
)
# A remote on this machine may itself lack objects, and name a program that gets them.
_FETCH_ENV = {"GIT_NO_LAZY_FETCH": "1"}
_OUTGOING = "refs/outgoing/"
_HAVE = "refs/have/"
# Leases beyond this number are left to the general one, which says the same of every ref: git
# compares each ref with each lease.
_MAX_EXPLICIT_LEASES = 256


class Exchange:
    """Fetches from and pushes to one remote."""

    def __init__(
        self, directory: Path, repository: WorkRepository, url: SourceUrl, runner: GitRunner
    ) -> None:
        """Prepare an exchange.

        Args:
            directory: An empty one, which others may not read.
            repository: Whose objects are pushed.
            url: The remote.
            runner: Runs the network commands.
        """
        self._repository = repository
        self._url = url
        self._runner = runner
        self._dir = directory
        self._prepare(url)

    def _prepare(self, url: SourceUrl) -> None:
        objects = self._repository.common_dir / "objects"
        (self._dir / "objects" / "info").mkdir(parents=True)
        (self._dir / "refs").mkdir()
        alternates = self._dir / "objects" / "info" / "alternates"
        alternates.write_bytes(os.fsencode(objects) + b"\n")
        (self._dir / "HEAD").write_text("ref: refs/heads/none\n")
        quoted = url.text.replace("\\", "\\\\").replace('"', '\\"')
        # The URL may hold a password: it stands in a file of ours, not among the arguments that
        # every user of the machine can list.
        (self._dir / "config").write_text(
            "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n"
            f"[extensions]\n\tobjectFormat = {self._repository.algorithm}\n"
            f'[remote "{_REMOTE}"]\n\turl = "{quoted}"\n'
        )

    def fetch_commits(self, oids: Sequence[ObjectId]) -> None:
        """Fetch commits by id, without their history, and without files where the server can."""
        self._fetch(oids, ["--depth=1"])

    def fetch_history(self, oids: Sequence[ObjectId]) -> None:
        """Fetch commits by id with all their ancestors, without files where the server can."""
        self._fetch(oids, [])

    def _fetch(self, oids: Sequence[ObjectId], options: Sequence[str]) -> None:
        if not oids:
            return
        self._write_refs(self._known_commits())
        wanted = "".join(f"{oid.hex}\n" for oid in oids).encode()
        finished = self._runner.execute(
            [*_FETCH, *options, _REMOTE],
            git_dir=self._dir,
            stdin=wanted,
            network=True,
            config=_FETCH_SETTINGS,
            env=_FETCH_ENV,
        )
        if finished.status != 0:
            raise fetch_failure(self._url, oids, finished.stderr)

    def push(self, refs: Mapping[str, ObjectId]) -> PushReport:
        """Create ``refs`` on the remote, all or none of them; none may exist with another value.

        Returns what became of each; raises what `source_failure` makes of a broken conversation.
        """
        self._write_refs({_outgoing(name): oid for name, oid in refs.items()})
        leases = [f"--force-with-lease={name}:" for name in sorted(refs)[:_MAX_EXPLICIT_LEASES]]
        return self._push(
            # The bare lease speaks for all refs: there is no tracking ref here, so each must not
            # exist. It also forbids fast-forwards, which git would otherwise take for harmless.
            ["--atomic", "--force-with-lease", "--no-force-if-includes", *leases],
            f"{_OUTGOING}*:refs/*",
        )

    def update(self, changes: Mapping[str, tuple[ObjectId | None, ObjectId | None]]) -> PushReport:
        """Let refs go from one value to another (None: absent), all or none of them."""
        leases = [
            f"--force-with-lease={name}:{old.hex if old else ''}"
            for name, (old, _) in sorted(changes.items())
        ]
        refspecs = [
            f"{new.hex if new else ''}:{name}" for name, (_, new) in sorted(changes.items())
        ]
        return self._push(["--atomic", "--no-force-if-includes", *leases], *refspecs)

    def push_branch(self, commit: ObjectId, branch: str) -> PushReport:
        """Let a branch of the remote go forward to ``commit``; never back, never aside."""
        return self._push([], f"{commit.hex}:{branch}")

    def _push(self, options: Sequence[str], *refspecs: str) -> PushReport:
        args = ["push", "--porcelain", "--no-verify", "--recurse-submodules=no"]
        args += ["--no-follow-tags", *options, _REMOTE, *refspecs]
        finished = self._runner.execute(args, git_dir=self._dir, network=True)
        report = parse_push_report(finished.stdout, finished.stderr)
        if finished.status != 0 and not report.refused:
            raise source_failure(self._url, finished.stderr)
        return report

    def unreachable(
        self, commits: Sequence[ObjectId], tips: Sequence[ObjectId]
    ) -> tuple[ObjectId, ...]:
        """Return those of ``commits`` that no history of ``tips`` holds; all must be here."""
        return tuple(commit for commit in commits if self._is_unreachable(commit, tips))

    def _is_unreachable(self, commit: ObjectId, tips: Sequence[ObjectId]) -> bool:
        lines = [commit.hex, *(f"^{tip.hex}" for tip in tips)]
        output = self._local(
            ["rev-list", "--max-count=1", "--stdin"], stdin="".join(f"{x}\n" for x in lines)
        )
        return bool(output.strip())

    def present(self, oids: Sequence[ObjectId]) -> frozenset[ObjectId]:
        """Return those of ``oids`` whose objects are here or in the working repository."""
        asked = "".join(f"{oid.hex}\n" for oid in oids)
        lines = self._local(["cat-file", "--batch-check=%(objectname)"], stdin=asked)
        found = frozenset(lines.decode().splitlines())
        return frozenset(oid for oid in oids if oid.hex in found)

    def reader(self) -> BatchReader:
        """Return a reader of what was fetched and what the working repository holds."""
        return BatchReader(self._runner, self._dir, READING_ENV)

    def _known_commits(self) -> dict[str, ObjectId]:
        """Return refs that tell a server what need not be sent."""
        tips = set(self._repository.refs(["refs/heads/", "refs/remotes/"]).values())
        return {f"{_HAVE}{tip.hex}": tip for tip in tips}

    def _write_refs(self, refs: Mapping[str, ObjectId]) -> None:
        lines = [f"{oid.hex} {name}\n" for name, oid in sorted(refs.items(), key=_ref_order)]
        text = "# pack-refs with: sorted \n" + "".join(lines)
        (self._dir / "packed-refs").write_bytes(text.encode())

    def _local(self, args: Sequence[str], *, stdin: str) -> bytes:
        return self._runner.run(args, git_dir=self._dir, env=READING_ENV, stdin=stdin.encode())


def _outgoing(name: str) -> str:
    return _OUTGOING + name.removeprefix("refs/")


def _ref_order(item: tuple[str, ObjectId]) -> bytes:
    return item[0].encode()
