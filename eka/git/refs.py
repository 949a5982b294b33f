"""Names of the refs that eka reads and writes; pure functions over strings.

Source: atom-spec/refs.md.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from eka.atom import InvalidLabel, InvalidVersion, Label, ObjectId, Version
from eka.values import dataclass

BRANCHES_PREFIX = "refs/heads/"
ATOMS_PREFIX = "refs/atoms/"
EKA_ATOMS_PREFIX = "refs/eka/atoms/"
EKA_META_PREFIX = "refs/eka/meta/"
SET_PREFIX = "refs/ekala/"

INIT_REF = "refs/ekala/init"
ORIGINS_PREFIX = "refs/ekala/origins/"
SIGNATURES_PREFIX = "refs/ekala/sigs/"
STATUS_PREFIX = "refs/ekala/status/"
OLD_ROOT_TAG = "refs/tags/ekala/root/v1"
_KEY_DIGITS = 64  # of a SHA-256 fingerprint


class RefLayout(StrEnum):
    """Where a version's ref lies; the format-1 era shares its names with ``CURRENT``."""

    CURRENT = "atoms"
    EKA = "eka"

    @property
    def prefix(self) -> str:
        """The namespace of the layout's version refs, with its final slash."""
        return ATOMS_PREFIX if self is RefLayout.CURRENT else EKA_ATOMS_PREFIX


@dataclass(frozen=True, slots=True, order=True)
class AtomRef:
    """A ref that names one published version."""

    label: Label
    version: Version
    layout: RefLayout = RefLayout.CURRENT

    @property
    def name(self) -> str:
        """The full ref name."""
        return atom_ref(self.label, self.version, self.layout)


def atom_ref(label: Label, version: Version, layout: RefLayout = RefLayout.CURRENT) -> str:
    """Return the ref that names ``label`` at ``version``, such as ``refs/atoms/zlib/1.3.1``."""
    return f"{layout.prefix}{label.text}/{version.text}"


def parse_atom_ref(name: str) -> AtomRef | None:
    """Return what a ref name says about a published version, or None when it is no such ref.

    Names come from foreign servers: whatever does not follow the grammar is None, never an error.
    """
    for layout in RefLayout:
        if name.startswith(layout.prefix):
            return _parse_tail(name.removeprefix(layout.prefix), layout)
    return None


def _parse_tail(tail: str, layout: RefLayout) -> AtomRef | None:
    label_text, slash, version_text = tail.partition("/")
    if not slash or "/" in version_text:
        return None
    version = listed_version(version_text)
    if version is None:
        return None
    try:
        return AtomRef(Label(label_text), version, layout)
    except InvalidLabel:
        return None


@lru_cache(maxsize=1 << 14)  # many labels have the same versions
def listed_version(text: str) -> Version | None:
    """Return the version that the last part of a ref's name is, or None when it is none."""
    try:
        found = Version.parse(text)
    except InvalidVersion:
        return None
    return found if found.text == text else None


def label_prefixes(label: Label) -> list[str]:
    """Return the ref prefixes below which versions of ``label`` may lie, over all layouts."""
    return [f"{layout.prefix}{label.text}/" for layout in RefLayout]


def origin_ref(origin: ObjectId) -> str:
    """Return the ref that keeps a source commit alive."""
    return f"{ORIGINS_PREFIX}{origin.hex}"


def parse_origin_ref(name: str) -> str | None:
    """Return the hex object id that an origin ref names, or None when it is no such ref."""
    tail = name.removeprefix(ORIGINS_PREFIX)
    if tail == name or len(tail) not in (40, 64) or tail.strip("0123456789abcdef"):
        return None
    return tail


def status_ref(label: Label, version: Version) -> str:
    """Return the ref that says a version is yanked or deprecated."""
    return f"{STATUS_PREFIX}{label.text}/{version.text}"


def parse_status_ref(name: str) -> tuple[Label, Version] | None:
    """Return the version that a status ref is about, or None when it is no such ref."""
    if not name.startswith(STATUS_PREFIX):
        return None
    found = _parse_tail(name.removeprefix(STATUS_PREFIX), RefLayout.CURRENT)
    return None if found is None else (found.label, found.version)


def signature_prefix(label: Label, version: Version) -> str:
    """Return the prefix below which the signatures of a version lie."""
    return f"{SIGNATURES_PREFIX}{label.text}/{version.text}/"


def signature_ref(label: Label, version: Version, key: str) -> str:
    """Return the ref to a version's signature; ``key``: 64 hex digits, the key's fingerprint."""
    return f"{signature_prefix(label, version)}{key}"


def parse_signature_ref(name: str) -> tuple[Label, Version, str] | None:
    """Return version and key fingerprint of a signature ref, or None when it is no such ref."""
    if not name.startswith(SIGNATURES_PREFIX):
        return None
    tail, _, key = name.removeprefix(SIGNATURES_PREFIX).rpartition("/")
    found = _parse_tail(tail, RefLayout.CURRENT)
    return None if found is None or not is_key_id(key) else (found.label, found.version, key)


def is_key_id(text: str) -> bool:
    """Return whether ``text`` is a key's fingerprint as refs write it: 64 hex digits."""
    return len(text) == _KEY_DIGITS and not text.strip("0123456789abcdef")


def manifest_meta_ref(label: Label, version: Version) -> str:
    """Return the ref to the manifest blob that the ``refs/eka`` layout keeps beside a version."""
    return f"{EKA_META_PREFIX}{label.text}/{version.text}/manifest"


def origin_meta_ref(label: Label, version: Version) -> str:
    """Return the ref to the source commit that the ``refs/eka`` layout keeps beside a version."""
    return f"{EKA_META_PREFIX}{label.text}/{version.text}/origin"
