"""Reads ``poetry.lock``: with the condition of each package (2.x), or as a graph (1.x)."""

from __future__ import annotations

import re

from eka.checking import TYPE_CHECKING
from eka.direct.python.entry import Entry, file_of, sha256_of
from eka.direct.python.errors import ForeignLockInvalid
from eka.direct.python.model import Edge, ForeignLock, Package, Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eka.direct.python.model import Edges

MAIN = "main"
_VERSIONS = re.compile(r"[12]\.[0-9]{1,2}", re.ASCII)
_FAULTS = {
    "git": "it comes from a git repository",
    "directory": "it is a directory of the machine that locked",
    "file": "it is a file of the machine that locked",
}


def read_poetry_lock(root: Entry, project: Entry | None) -> ForeignLock:
    """Return what a ``poetry.lock`` says.

    Args:
        root: The lock file.
        project: The ``pyproject.toml`` beside it. Locks of Poetry 1.x do not say what the project
            itself needs, so they need it.

    Raises:
        ForeignLockInvalid: it is of another version, or says nothing sensible.
    """
    metadata = root.table("metadata")
    if _VERSIONS.fullmatch(metadata.text("lock-version")) is None:
        raise metadata.fault("lock-version", "expected 1.x or 2.x")
    entries = list(root.entries("package"))
    old_files = metadata.table("files")
    has_groups = all(entry.has("groups") for entry in entries)
    packages = tuple(_package(entry, old_files, is_graph=not has_groups) for entry in entries)
    extras = root.table("extras")
    known = {extras.normal(key, key): extras.names(key) for key in extras}
    python = _python(metadata.text("python-versions"))
    if has_groups:
        roots, groups = _conditions(entries, packages)
        return ForeignLock(
            tool="poetry", packages=packages, roots=roots, groups=groups,
            extras=dict.fromkeys(known, ()), requires_python=python,
        )  # fmt: skip
    if project is None:
        why = (
            "Poetry 1.x wrote it, and pyproject.toml, which says what is needed, is not beside it"
        )
        raise ForeignLockInvalid(root.where, why)
    optional = {package for names in known.values() for package in names}
    groups = {name: edges for name, edges in _project_groups(project) if name != MAIN}
    needs = (edge for name, edges in _project_groups(project) if name == MAIN for edge in edges)
    return ForeignLock(
        tool="poetry",
        packages=packages,
        roots=tuple(edge for edge in needs if edge.name not in optional),
        groups=groups,
        extras={key: tuple(Edge(name=name) for name in names) for key, names in known.items()},
        requires_python=python,
    )


def _python(text: str) -> str:
    """Return versions of Python as packaging has them; Poetry's own forms are left to Poetry."""
    is_own = "^" in text or "|" in text or "~" in text.replace("~=", "") or text.strip() == "*"
    return "" if is_own else text


def _conditions(
    entries: Sequence[Entry], packages: Sequence[Package]
) -> tuple[Edges, dict[str, Edges]]:
    """Return what the project needs: each package is listed with its groups and markers."""
    found: dict[str, list[Edge]] = {MAIN: []}
    for entry, package in zip(entries, packages, strict=True):
        for group in entry.names("groups"):
            markers = entry.raw("markers")
            marker = (
                entry.table("markers").text(group)
                if isinstance(markers, dict)
                else entry.text("markers")
            )
            edge = Edge(name=package.name, marker=marker, version=package.version)
            found.setdefault(group, []).append(edge)
    edges = {group: tuple(each) for group, each in found.items()}
    return edges.pop(MAIN), edges


def _package(entry: Entry, old_files: Entry, *, is_graph: bool) -> Package:
    source = entry.table("source")
    kind = source.text("type")
    name = entry.text("name")
    files = entry.entries("files") if entry.has("files") else old_files.entries(name)
    address = source.text("url") if kind == "url" else ""
    wheels = tuple(_wheels(files, address))
    fault = _FAULTS.get(kind, "")
    if not wheels and not fault:
        fault = "it has no wheel with a SHA-256, only its source"
    return Package(
        name=entry.name(),
        version=entry.version(),
        wheels=wheels,
        edges=tuple(_edges(entry.table("dependencies"))) if is_graph else (),
        extras=_extras(entry.table("extras")) if is_graph else {},
        index=source.text("url") if kind == "legacy" else "",
        requires_python=_python(entry.text("python-versions")),
        fault=fault,
    )


def _wheels(files: Iterator[Entry], address: str) -> Iterator[Wheel]:
    for each in files:
        file, sha256 = each.text("file"), sha256_of(each.text("hash"))
        url = each.text("url") or address
        if url and file_of(url) != file:
            continue
        if sha256 and file.endswith(".whl"):
            yield Wheel(file=file, url=url, sha256=sha256)


def _edges(table: Entry) -> Iterator[Edge]:
    for key in table:
        is_array = isinstance(table.raw(key), list)
        for each in table.array(key) if is_array else [table.raw(key)]:
            marker, extras = "", tuple[str, ...]()
            if not isinstance(each, str):
                entry = Entry(f"{table.where}.{key}", each)
                marker, extras = entry.text("markers"), entry.names("extras")
                if entry.flag("optional"):
                    continue  # an extra asks for it
            yield Edge(name=table.normal(key, key), marker=marker, extras=extras)


def _extras(table: Entry) -> Mapping[str, Edges]:
    """Return extras of a package, written as ``name (>=1) ; marker``."""
    return {
        table.normal(key, key): tuple(_need(table, key, text) for text in table.texts(key))
        for key in table
    }


def _need(table: Entry, key: str, text: str) -> Edge:
    words, _, marker = text.partition(";")
    match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([A-Za-z0-9._,\s-]*)\])?", words)
    if match is None:
        raise table.fault(key, f"{text[:128]!r} is not a requirement")
    extras = [each.strip() for each in (match[2] or "").split(",") if each.strip()]
    return Edge(
        name=table.normal(key, match[1]),
        marker=marker.strip(),
        extras=tuple(table.normal(key, each) for each in extras),
    )


def _project_groups(project: Entry) -> Iterator[tuple[str, Edges]]:
    """Yield what a ``pyproject.toml`` asks for, by group; the main one may come in parts."""
    standard = project.table("project")
    yield (
        MAIN,
        tuple(_need(standard, "dependencies", each) for each in standard.texts("dependencies")),
    )
    poetry = project.table("tool").table("poetry")
    main = [edge for edge in _edges(poetry.table("dependencies")) if edge.name != "python"]
    yield MAIN, tuple(main)
    if poetry.has("dev-dependencies"):
        yield "dev", tuple(_edges(poetry.table("dev-dependencies")))
    groups = poetry.table("group")
    for key in groups:
        yield groups.normal(key, key), tuple(_edges(groups.table(key).table("dependencies")))
