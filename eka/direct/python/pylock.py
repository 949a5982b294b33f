"""Reads ``pylock.toml`` (PEP 751): a list of packages, each with its condition."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.direct.python.entry import file_of
from eka.direct.python.model import Edge, ForeignLock, Package, Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.direct.python.entry import Entry

MAJOR = "1."
_FAULTS = {
    "vcs": "it comes from a repository",
    "directory": "it is a directory of the machine that locked",
}


def read_pylock(root: Entry) -> ForeignLock:
    """Return what a ``pylock.toml`` says.

    Raises:
        ForeignLockInvalid: it is of another version, or says nothing sensible.
    """
    if not root.text("lock-version").startswith(MAJOR):
        raise root.fault("lock-version", f"expected {MAJOR}0")
    entries = list(root.entries("packages"))
    packages = tuple(_package(entry) for entry in entries)
    roots = tuple(
        Edge(name=package.name, marker=entry.text("marker"), version=package.version)
        for entry, package in zip(entries, packages, strict=True)
    )
    return ForeignLock(
        tool="pylock",
        packages=packages,
        roots=roots,
        groups=dict.fromkeys(root.names("dependency-groups"), ()),
        extras=dict.fromkeys(root.names("extras"), ()),
        default_groups=root.names("default-groups"),
        requires_python=root.text("requires-python"),
        environments=root.texts("environments"),
    )


def _package(entry: Entry) -> Package:
    wheels = tuple(_wheels(entry))
    fault = next((why for kind, why in _FAULTS.items() if entry.has(kind)), "")
    if not wheels and not fault:
        fault = "it has no wheel with a SHA-256 and an address"
    return Package(
        name=entry.name(),
        version=entry.version(),
        wheels=wheels,
        index=entry.text("index"),
        requires_python=entry.text("requires-python"),
        fault=fault,
    )


def _wheels(entry: Entry) -> Iterator[Wheel]:
    places = [
        *entry.entries("wheels"),
        *([entry.table("archive")] if entry.has("archive") else []),
    ]
    for each in places:
        url = each.text("url")
        file = file_of(url)
        sha256 = each.table("hashes").text("sha256").lower()
        if sha256 and file.endswith(".whl") and each.text("name") in ("", file):
            yield Wheel(file=file, url=url, sha256=sha256, size=each.size("size"))
