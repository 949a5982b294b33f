"""Reads ``uv.lock``: a graph of packages around the project itself."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.direct.python.entry import Entry, file_of, sha256_of
from eka.direct.python.errors import ForeignLockInvalid
from eka.direct.python.model import Edge, ForeignLock, Package, Wheel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eka.direct.python.model import Edges

VERSION = 1
_LOCAL = ("virtual", "editable", "directory")
_FAULTS = {
    "git": "it comes from a git repository",
    "path": "it is a file of the machine that locked",
    "directory": "it is a directory of the machine that locked",
    "editable": "it is an editable directory",
    "virtual": "it is a directory without a wheel",
}
_CONFLICTS = ("extra == 'extra-", "extra == 'group-", "extra == 'project-")


def read_uv_lock(root: Entry) -> ForeignLock:
    """Return what a ``uv.lock`` says.

    Raises:
        ForeignLockInvalid: it is of another version, or says nothing sensible.
    """
    if root.raw("version") != VERSION:
        raise root.fault("version", f"expected {VERSION}; a newer uv may have written it")
    entries = list(root.entries("package"))
    project = _project(root, entries)
    packages = tuple(_package(entry) for entry in entries if entry is not project)
    return ForeignLock(
        tool="uv",
        packages=packages,
        roots=_edges(project, "dependencies"),
        groups=_edge_table(project.table("dev-dependencies")),
        extras=_edge_table(project.table("optional-dependencies")),
        requires_python=root.text("requires-python"),
    )


def _project(root: Entry, entries: Iterable[Entry]) -> Entry:
    """Return the project that the file belongs to: the one in its own directory."""
    for entry in entries:
        source = entry.table("source")
        if any(source.text(kind) == "." for kind in _LOCAL):
            return entry
    why = "it locks no project in its own directory; lock a member of the workspace by itself"
    raise ForeignLockInvalid(root.where, why)


def _edges(entry: Entry, key: str) -> Edges:
    return tuple(_edge(each) for each in entry.entries(key))


def _edge_table(entry: Entry) -> dict[str, Edges]:
    return {entry.normal(key, key): _edges(entry, key) for key in entry}


def _edge(entry: Entry) -> Edge:
    marker = entry.text("marker")
    if any(text in marker for text in _CONFLICTS):
        why = "extras or groups that exclude one another are beyond what can be read"
        raise entry.fault("marker", why)
    return Edge(
        name=entry.name(), marker=marker, extras=entry.names("extra"), version=entry.version()
    )


def _package(entry: Entry) -> Package:
    source = entry.table("source")
    registry = source.text("registry")
    wheels: list[Wheel] = []
    fault = next((why for kind, why in _FAULTS.items() if source.has(kind)), "")
    if registry and not registry.startswith(("http://", "https://")):
        fault = "its index is a directory of the machine that locked"
    for each in entry.entries("wheels"):
        url, sha256 = each.text("url"), sha256_of(each.text("hash"))
        file = file_of(url)
        if sha256 and file.endswith(".whl"):
            wheels.append(Wheel(file=file, url=url, sha256=sha256, size=each.size("size")))
    if not wheels and not fault:
        fault = "it has no wheel with a SHA-256, only its source"
    return Package(
        name=entry.name(),
        version=entry.version(),
        wheels=tuple(wheels),
        edges=_edges(entry, "dependencies"),
        extras=_edge_table(entry.table("optional-dependencies")),
        index=registry,
        fault=fault,
    )
