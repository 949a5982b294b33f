"""A set of small atoms at a server of its own, published and signed with eka by people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.git import signature_ref
from eka.git.signatures import SignedStatement
from tests.fakes.signing import ALICE, BOB, CAROL, MemorySigner
from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

    from eka.git.signatures import Statement

PEOPLE = (ALICE, BOB, CAROL)


class SignedSet:
    """A monorepo, and the bare repository it publishes to; what is signed is the test's affair."""

    def __init__(self, root: Path, owner: Person) -> None:
        self.root = root
        self.owner = owner
        self.settings = 'packages = ["*"]\n'
        self.mono = root / "mono"
        self.server = root / "pkgs.git"
        root.mkdir(parents=True)
        git(root, "init", "-q", "--bare", "-b", "main", str(self.server))
        git(root, "init", "-q", "-b", "main", str(self.mono))
        git(self.mono, "remote", "add", "origin", str(self.server))
        (self.mono / "README").write_text(f"{root}\n")  # a genesis of its own
        git(self.mono, "add", "-A")
        git(self.mono, "commit", "-q", "-m", "Begin")
        owner.does(self.mono, "init")

    @property
    def url(self) -> str:
        """The server as a URI's source."""
        return f"file://{self.server}"

    def release(self, label: str, version: str, *words: str) -> None:
        """Publish a version."""
        place = self.mono / label
        place.mkdir(exist_ok=True)
        (place / "atom.toml").write_text(f'[package]\nlabel = "{label}"\nversion = "{version}"\n')
        manifest = self.mono / "ekala.toml"
        manifest.write_text(f"[set]\n{self.settings}")
        git(self.mono, "add", "-A")
        git(self.mono, "commit", "-q", "-m", f"{label} {version}")
        self.owner.does(self.mono, "publish", "--push-source", label, *words)

    def tags(self) -> list[str]:
        """Return the signature refs of the server."""
        listed = git(self.server, "for-each-ref", "--format=%(refname)", "refs/ekala/sigs/")
        return listed.split()

    def said(self, ref: str) -> Statement:
        """Return what a signature at the server says."""
        body = git(self.server, "cat-file", "tag", ref) + "\n"
        return SignedStatement.decode(body.encode()).statement

    def point(self, statement: Statement, key_id: str, kind: str, body: bytes) -> None:
        """Let the signature ref of a version lead to an object of any kind and any bytes."""
        words = ["hash-object", "-w", "--literally", "-t", kind, str(self.root / "body")]
        (self.root / "body").write_bytes(body)
        ref = signature_ref(statement.label, statement.version, key_id)
        git(self.server, "update-ref", ref, git(self.server, *words))

    def commit_of(self, label: str, version: str) -> str:
        """Return the commit of a published version."""
        return git(self.server, "rev-parse", f"refs/atoms/{label}/{version}")


def keys(person: Person) -> None:
    """Give a person the private keys of everybody, in ``~/.ssh``."""
    folder = person.home / ".ssh"
    folder.mkdir(mode=0o700)
    for each in PEOPLE:
        each.written(folder)


def trust(person: Person, *lines: str, rules: tuple[tuple[str, str], ...] = ()) -> None:
    """Let a person trust these allowed signers, and hold sources to these rules."""
    folder = person.home / ".config/eka"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "allowed_signers").write_text("".join(line.rstrip("\n") + "\n" for line in lines))
    (folder / "config.toml").write_text(
        "".join(f'[[trust.source]]\nurl = "{url}"\nrequire = "{text}"\n' for url, text in rules)
    )


def revoke(person: Person, *signers: MemorySigner) -> None:
    """Let a person revoke keys."""
    text = "".join(f"{each.key.fingerprint} {each.name}\n" for each in signers)
    (person.home / ".config/eka/revoked_keys").write_text(text)
