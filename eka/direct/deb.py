"""Pins of Debian packages, found through apt's own signed metadata."""

from __future__ import annotations

from urllib.parse import unquote

from eka.atom import LockedFile
from eka.checking import TYPE_CHECKING
from eka.direct.apt import PrivateApt
from eka.direct.errors import ArchiveUnavailable, DirectSourceNotFound
from eka.direct.records import (
    TableLine,
    UriLine,
    parse_records,
    parse_table,
    parse_uris,
    pool_path,
    same_file,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eka.atom import DebSource
    from eka.direct.apt import Archive


class DebPinner:
    """Pins ``deb`` sources for one system; reads the archive's metadata once per suite."""

    def __init__(
        self, state: Path, archive: Archive, env: Mapping[str, str], *, default_suite: str
    ) -> None:
        self._state = state
        self._archive = archive
        self._env = env
        self._default_suite = default_suite
        self._updated: set[tuple[str, str]] = set()

    def pin(self, source: DebSource, system: str) -> tuple[LockedFile, ...]:
        """Return the files of ``source``: a source package's parts, or a closure of .debs.

        Args:
            source: What the manifest declares.
            system: For instance ``x86_64-linux``.

        Returns:
            Files in unpacking order, sorted by pool path.

        Raises:
            DirectSourceNotFound: no such package in the suite.
            ArchiveUnavailable: the metadata could not be read.
        """
        suite = source.suite or self._default_suite
        apt = PrivateApt(self._state, self._archive, suite, system, self._env)
        with apt.locked():
            if (suite, system) not in self._updated:
                apt.update()
                self._updated.add((suite, system))
            if source.source is not None:
                files = _source_files(apt, source.source)
            else:
                files = _binary_files(apt, source.packages)
        return tuple(sorted(files, key=lambda file: (file.path, file.url)))


def _source_files(apt: PrivateApt, package: str) -> list[LockedFile]:
    lines = _asked(
        apt,
        package,
        "apt-get",
        ["source", "--print-uris", "-qq", "--download-only", "--", package],
    )
    table = parse_table(apt.run("apt-cache", ["madison", "--", package]))
    places = [line for line in table if line.kind == "Sources"]
    uris = parse_uris(lines)
    if not uris:
        raise DirectSourceNotFound(package, "the suite has no source package of this name")
    for uri in uris:
        if not uri.sha256:
            raise ArchiveUnavailable(uri.url, "the archive gives no SHA-256 for this file")
    return [_file(uri, uri.sha256, places) for uri in uris]


def _binary_files(apt: PrivateApt, packages: Sequence[str]) -> list[LockedFile]:
    wanted = [
        "install", "--print-uris", "-qq", "--yes", "--no-install-recommends", "--", *packages,
    ]  # fmt: skip
    uris = parse_uris(_asked(apt, ", ".join(packages), "apt-get", wanted))
    if not uris:
        raise DirectSourceNotFound(", ".join(packages), "apt proposes no package to install")
    exact = [_name_and_version(uri) for uri in uris]
    shown = apt.run("apt-cache", ["show", "--", *(f"{name}={ver}" for name, ver in exact)])
    records = {record.get("Filename", ""): record for record in parse_records(shown)}
    names = [name for name, _ in exact]
    table = parse_table(apt.run("apt-cache", ["madison", "--", *names]))
    places = [line for line in table if line.kind == "Packages"]
    return [_file(uri, _sha256_of(uri, records), places) for uri in uris]


def _asked(apt: PrivateApt, what: str, program: str, arguments: Sequence[str]) -> str:
    try:
        return apt.run(program, arguments)
    except ArchiveUnavailable as error:
        # After a good update, a failing question means that apt knows no answer to it.
        raise DirectSourceNotFound(what, error.why) from error


def _name_and_version(uri: UriLine) -> tuple[str, str]:
    """Return package and version; apt escapes the colon of an epoch as ``%3a``."""
    parts = unquote(uri.file).removesuffix(".deb").split("_")
    if len(parts) != 3:  # noqa: PLR2004 - name, version, architecture
        raise ArchiveUnavailable(uri.url, "apt names a file that is no Debian package")
    return parts[0], parts[1]


def _sha256_of(uri: UriLine, records: Mapping[str, Mapping[str, str]]) -> str:
    for filename, record in records.items():
        if same_file(uri.url, filename) and record.get("Size") == str(uri.size):
            return record.get("SHA256", "").lower()
    raise ArchiveUnavailable(uri.url, "the archive's records do not describe this file")


def _file(uri: UriLine, sha256: str, places: Sequence[TableLine]) -> LockedFile:
    below = [place for place in places if pool_path(uri.url, place.mirror) is not None]
    if not below:
        raise ArchiveUnavailable(uri.url, "the file lies outside the archive's mirrors")
    place = next((place for place in below if _lists(place, uri)), below[0])
    path = uri.url.removeprefix(place.mirror + "/")
    return LockedFile(url=place.mirror, path=path, suite=place.suite, size=uri.size, sha256=sha256)


def _lists(place: TableLine, uri: UriLine) -> bool:
    name = unquote(uri.file)
    without_epoch = place.version.partition(":")[2] or place.version
    return name.startswith(f"{place.package}_") and (
        f"_{place.version}_" in name or f"_{without_epoch}" in name
    )
