"""The rules that a direct source in a lock must keep, beyond its form."""

from __future__ import annotations

import re

from eka.atom.aliases import Aliases
from eka.atom.commit import path_fault
from eka.atom.download_url import CredentialsInUrl, download_url_fault, holds_userinfo
from eka.atom.label import Label
from eka.atom.lock_errors import InvalidLock, LockDuplicate
from eka.atom.source_url import UNSAFE
from eka.atom.uri import parse_source_url
from eka.checking import TYPE_CHECKING, TypeVar
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from eka.atom.lock_model import LockedDirect, LockedFile, LockedTree

MAX_SIZE_BYTES = 2**63 - 1
MAX_REF_BYTES = 1024
TREE_KINDS = frozenset({"git"})
"""Kinds of sources that are directories of commits; all others are files."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SYSTEM = re.compile(r"(?:[a-z0-9_]+(?:-[a-z0-9_]+){1,3})?", re.ASCII)
_SUITE = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9./_-]*)?", re.ASCII)
_POOL_PATH = re.compile(r"[!-~]*", re.ASCII)
_PACKAGE = re.compile(r"(?:@?[A-Za-z0-9_][A-Za-z0-9@/._+~-]{0,255})?", re.ASCII)
_PACKAGE_VERSION = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9.+~!_:-]{0,255})?", re.ASCII)
_INTEGRITY = re.compile(
    r"(?:sha256-[A-Za-z0-9+/]{43}=|sha384-[A-Za-z0-9+/]{64}|sha512-[A-Za-z0-9+/]{86}==)?", re.ASCII
)
Thing = TypeVar("Thing", bound="Hashable")


def unique(things: Iterable[Thing], say: Callable[[Thing], str], file: str) -> None:
    """Check that nothing is named twice.

    Raises:
        LockDuplicate: something is.
    """
    seen: set[Thing] = set()
    for thing in things:
        if thing in seen:
            raise LockDuplicate(file, say(thing))
        seen.add(thing)


def check_address(text: str, name: str, file: str) -> None:
    """Check that a lock names a repository as locks do; ``name`` says whose it is.

    Raises:
        InvalidLock: it is not a full URL in canonical form.
        CredentialsInUrl: it holds a user or password.
    """
    try:
        url = parse_source_url(text, Aliases({}))
    except EkaError as error:
        raise InvalidLock(file, f"{name}: {error.what}: {error.why}") from error
    if url.has_credentials:
        raise CredentialsInUrl(text, file)
    if url.public != text or (url.is_local and not url.path.startswith("/")):
        raise InvalidLock(file, f"{name}: {text!r} is not a full URL in canonical form")


def check_source(direct: LockedDirect, file: str) -> None:
    """Check all that a direct source says of itself.

    Raises:
        InvalidLock: a value is not one its field takes.
        LockDuplicate: a file is named twice.
        CredentialsInUrl: an address holds a user or password.

    Source: atom-spec/lockfile.md [lock-direct].
    """
    for text in (direct.kind, direct.name):
        try:
            Label(text)
        except EkaError as error:
            raise InvalidLock(file, f"direct source {text!r}: {error.why}") from error
    name = f"the direct source {direct.kind}.{direct.name}"
    if _SYSTEM.fullmatch(direct.system) is None:
        raise InvalidLock(file, f"{name}: {direct.system!r} is not a system")
    if _SHA256.fullmatch(direct.declared) is None:
        raise InvalidLock(file, f"{name}: `declared` is not 64 lower-case hexadecimal digits")
    if direct.lock_sha256 and _SHA256.fullmatch(direct.lock_sha256) is None:
        raise InvalidLock(file, f"{name}: `lock_sha256` is not 64 lower-case hexadecimal digits")
    _check_form(direct, name, file)
    if direct.tree is not None:
        _check_tree(direct.tree, name, file)
    unique(((each.url, each.path) for each in direct.files), lambda each: f"{name}: {each}", file)
    for each in direct.files:
        _check_file(each, name, file)


def _check_form(direct: LockedDirect, name: str, file: str) -> None:
    """Check that a source is files or a tree, as its kind is."""
    if (direct.tree is not None) != (direct.kind in TREE_KINDS):
        what = "a tree" if direct.kind in TREE_KINDS else "files, not a tree"
        raise InvalidLock(file, f"{name} must have {what}")
    if direct.tree is not None and direct.files:
        raise InvalidLock(file, f"{name} has both files and a tree")
    if direct.tree is None and not direct.files:
        raise InvalidLock(file, f"{name} has no files")


def _check_tree(tree: LockedTree, name: str, file: str) -> None:
    check_address(tree.url, name, file)
    if tree.rev.algorithm != tree.tree.algorithm:
        raise InvalidLock(file, f"{name}: `rev` and `tree` are of two hash functions")
    if tree.ref and (why := _ref_fault(tree.ref)):
        raise InvalidLock(file, f"{name}: ref: {tree.ref[:MAX_REF_BYTES]!r} {why}")
    if tree.path and (tree.path == "." or path_fault(tree.path)):
        raise InvalidLock(file, f"{name}: path: {tree.path!r} is not a plain relative path")


def _ref_fault(ref: str) -> str:
    if len(ref.encode()) > MAX_REF_BYTES:
        return f"is longer than {MAX_REF_BYTES} bytes"
    if not ref.startswith(("refs/heads/", "refs/tags/")):
        return "is neither a branch nor a tag"
    return "holds control or invisible characters" if UNSAFE.search(ref) else ""


def _check_file(locked: LockedFile, name: str, file: str) -> None:
    for url in (locked.url, *locked.mirrors):
        if holds_userinfo(url):
            raise CredentialsInUrl(url, file)
    if why := _file_fault(locked):
        raise InvalidLock(file, f"{name}: {why}")
    unique((locked.url, *locked.mirrors), lambda url: f"{name}: {url}", file)


def _file_fault(locked: LockedFile) -> str:
    for url in (locked.url, *locked.mirrors):
        if why := download_url_fault(url):
            return f"url: {why}"
    if locked.path and not _is_below(locked.url, locked.path):
        return f"path: {locked.path!r} does not lie below the mirror"
    for key, text, form, expected in (
        ("name", locked.name, _PACKAGE, "the name of a package"),
        ("version", locked.version, _PACKAGE_VERSION, "the version of a package"),
        ("suite", locked.suite, _SUITE, "the name of a suite"),
        ("sha256", locked.sha256, _SHA256, "64 lower-case hexadecimal digits"),
        ("integrity", locked.integrity, _INTEGRITY, "a digest such as sha512-BASE64"),
    ):
        if form.fullmatch(text) is None:
            return f"{key}: {text!r} is not {expected}"
    if not 0 <= locked.size <= MAX_SIZE_BYTES:
        return f"size: {locked.size} is not a number of bytes"
    return ""


def _is_below(url: str, path: str) -> bool:
    is_plain = "?" not in url and _POOL_PATH.fullmatch(path) is not None
    return is_plain and not any(part in {"", ".", ".."} for part in path.split("/"))
