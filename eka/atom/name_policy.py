"""Which file names an atom may hold: those that mean the same on every file system.

Source: atom-spec/tree-policy.md [tree-name-bytes] and after.
"""

from __future__ import annotations

import re

MAX_NAME_BYTES = 255
# Upper bound of names that need no Unicode tables: printable ASCII without backslash and slash.
_PLAIN = re.compile(rb"[ -.0-\[\]-~]+")
# What NTFS drops from the end of a name, and what follows the name of a file's stream.
_NTFS_TAIL = re.compile(r"(?::.*|[ .]+)\Z", re.DOTALL)
_NTFS_SHORT = re.compile(r"git~[0-9]+")
# Code points HFS+ does not see in names.
_HFS_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHOWN_CHARACTERS = 300

Fault = tuple[str, str]
"""Why something is refused, and what to do."""


def shown(path: bytes) -> str:
    """Return ``path`` for a message: foreign bytes become harmless text; ``.`` for the root."""
    text = path.decode(errors="backslashreplace")[:_SHOWN_CHARACTERS] or "."
    return _UNSAFE.sub(lambda match: f"\\u{{{ord(match[0]):x}}}", text)


def join(parent: bytes, name: bytes) -> bytes:
    """Return the path of an entry, given that of its directory (empty for the root)."""
    return parent + b"/" + name if parent else name


def fold_name(name: bytes) -> str:
    """Return the form in which names are equal that some file system takes for the same."""
    if name.isascii():
        return name.decode("ascii").lower()
    from unicodedata import normalize  # noqa: PLC0415 - most names are ASCII

    folded = normalize("NFD", name.decode(errors="surrogateescape")).casefold()
    return normalize("NFC", normalize("NFD", folded).casefold())


def name_fault(name: bytes, *, max_bytes: int = MAX_NAME_BYTES) -> Fault | None:
    """Say why ``name`` may not stand in an atom and what to do; None when it may."""
    if name in {b"", b".", b".."}:
        return "it is not a name", "write the tree with git, which refuses it"
    if len(name) > max_bytes:
        return f"the name is longer than {max_bytes} bytes", "rename it"
    if _PLAIN.fullmatch(name) is None and (fault := _odd_name_fault(name)):
        return fault
    if _is_dot_git(name.decode()):
        why = "the name is `.git`, or one that some file system takes for it"
        return why, "remove it: a repository inside an atom could run code"
    return None


def _odd_name_fault(name: bytes) -> Fault | None:
    if b"/" in name or b"\0" in name:
        return "the name holds `/` or NUL", "write the tree with git, which refuses it"
    if b"\\" in name:
        return "the name holds a backslash, which separates directories elsewhere", "rename it"
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return "the name is not UTF-8", "rename it to a UTF-8 name"
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in text):
        return "the name holds a control character", "rename it"
    return None


def _is_dot_git(name: str) -> bool:
    if not name.isascii():
        from unicodedata import normalize  # noqa: PLC0415 - most names are ASCII

        name = normalize("NFKC", _HFS_IGNORED.sub("", name)).casefold()
    folded = name.lower()
    while (shorter := _NTFS_TAIL.sub("", folded)) != folded:
        folded = shorter
    return folded == ".git" or _NTFS_SHORT.fullmatch(folded) is not None
