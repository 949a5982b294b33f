"""Locks of version 1 into a manifest: atoms, and those sources that have a kind here."""

from __future__ import annotations

import base64
import binascii
import re

from eka.atom import Label, parse_source_url
from eka.atom.aliases import Aliases
from eka.atom.edit import add_dependency, add_direct
from eka.atom.lock_v1 import LockV1Atom, read_lock_v1
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.workflow.import_draft import Draft
from eka.workflow.previous import Previous

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom import Manifest, TomlValue
    from eka.atom.lock_v1 import LockV1, LockV1Direct, LockV1Set

OWN = "::"
_HEX = re.compile(r"[0-9a-f]{64}")
_NIX32 = "0123456789abcdfghijklmnpqrsvwxyz"
_NIX32_LETTERS = 52
_REMOTE = ("https://", "http://", "ssh://")


def draft_v1(text: str, manifest: Manifest, data: bytes, file: str) -> Draft:
    """Return a manifest with what a lock of version 1 pins; the versions it chose are preferred.

    Raises:
        InvalidLock, Problems: it is no such lock.
    """
    lock = read_lock_v1(data, file)
    writer = _Writer(text, manifest, lock)
    for each in lock.deps:
        if isinstance(each, LockV1Atom):
            writer.atom(each)
        else:
            writer.direct(each)
    preferred = {key: (version,) for key, version in lock.preferred.items()}
    return Draft(
        form="atom-v1",
        text=writer.text,
        previous=Previous(None, preferred),
        declared=tuple(writer.declared),
        left=(*writer.left, *_machinery(lock)),
    )


def _machinery(lock: LockV1) -> Iterator[tuple[str, str]]:
    if lock.locker is not None:
        yield lock.locker.label.text, "the locker is a program of Nix; nothing here needs it"
    if lock.compose is not None and lock.compose.atom is not None:
        yield lock.compose.atom.label.text, "composers stand in [compose], and are not pinned"


class _Writer:
    """A manifest while a lock is written into it."""

    def __init__(self, text: str, manifest: Manifest, lock: LockV1) -> None:
        self.text = text
        self.declared: list[tuple[str, str]] = []
        self.left: list[tuple[str, str]] = []
        self._sets = {each.genesis: each for each in lock.sets}
        self._names = {line.label for line in manifest.dependencies}

    def atom(self, atom: LockV1Atom) -> None:
        """Require an atom, compatible with the version that was chosen."""
        label, found = atom.label, self._sets.get(atom.genesis)
        if label in self._names:
            self.declared.append(("requirement that stands", label.text))
            return
        if found is None or not found.tag:
            self.left.append((label.text, "the lock does not say where its set is"))
            return
        urls = _addresses(found)
        if urls == ():
            self.left.append((label.text, f"the set {found.tag} has no address to reach it by"))
            return
        self.text = add_dependency(
            self.text,
            set_name=found.tag,
            urls=urls,
            label=label,
            requirement=f"^{atom.version.text}",
        )
        self.declared.append((found.tag, label.text))

    def direct(self, source: LockV1Direct) -> None:
        """Declare a source of Nix as one of a kind that eka has, where there is one."""
        spec = _spec(source)
        if isinstance(spec, str):
            self.left.append((source.name, spec))
            return
        kind, content = spec
        try:
            name = Label(source.name)
        except EkaError as error:
            self.left.append((source.name, f"its name cannot be a label: {error.why}"))
            return
        self.text = add_direct(self.text, kind, name, content)
        self.declared.append((kind, name.text))


def _addresses(found: LockV1Set) -> tuple[str, ...] | None:
    """Return the addresses of a set that others can reach, None for the project's own."""
    if OWN in found.mirrors:
        return None
    urls: list[str] = []
    for mirror in found.mirrors:
        try:
            url = parse_source_url(mirror, Aliases({})).public
        except EkaError:
            continue
        if url.startswith(_REMOTE):
            urls.append(url)
    return tuple(urls)


def _spec(source: LockV1Direct) -> tuple[str, dict[str, TomlValue]] | str:
    """Return kind and declaration of a source, or why there is none."""
    if source.kind == "nix+git":
        if not source.rev:
            return "it names no commit"
        return "git", {"url": source.url.removeprefix("git+"), "rev": source.rev}
    if not source.url.startswith(("http://", "https://")):
        return "only http and https addresses can be fetched"
    if source.kind == "nix+tar":
        # Its hash is that of the unpacked tree in Nix's own archive form.
        return "url", {"url": source.url, "unpack": True}
    sha256 = flat_sha256(source.hash or "")
    if not sha256:
        return "its hash is not a SHA-256"
    return "url", {"url": source.url, "sha256": sha256}


def flat_sha256(text: str) -> str:
    """Return the SHA-256 of a file in hexadecimal digits, from any form that Nix writes it in."""
    if text.startswith("sha256-"):
        try:
            raw = base64.b64decode(text.removeprefix("sha256-"), validate=True)
        except (binascii.Error, ValueError):
            return ""
        return raw.hex() if len(raw) == 32 else ""  # noqa: PLR2004 - bytes of a SHA-256
    digits = text.removeprefix("sha256:")
    if _HEX.fullmatch(digits):
        return digits
    if len(digits) != _NIX32_LETTERS or not set(digits) <= set(_NIX32):
        return ""
    number = 0
    for letter in digits:
        number = number * 32 + _NIX32.index(letter)
    if number >> 256:
        return ""
    return number.to_bytes(32, "little").hex()
