"""Pins of npm packages: one version of one package, as the registry lists it over plain HTTP."""

from __future__ import annotations

import base64
import binascii
import json
import re
from urllib.parse import quote, urlsplit

from eka.atom import InvalidVersion, LockedFile, Version
from eka.checking import TYPE_CHECKING, cast
from eka.direct.errors import DirectSourceNotFound, NpmAnswerUnusable, NpmMismatch
from eka.direct.url import chunks, measure
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import NpmSource
    from eka.direct.url import OpenUrl

# The form without readmes and scripts; a registry that does not know it sends the whole document.
ACCEPT = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
MAX_ARCHIVE_BYTES = 1024 * 1024 * 1024
MAX_URL_CHARACTERS = 4096
_DIGESTS = ("sha512", "sha384", "sha256")  # strongest first
_INTEGRITY = re.compile(r"(sha256|sha384|sha512)-([A-Za-z0-9+/]{43,86}={0,2})(?:\?\S*)?")
_SHOWN_VERSIONS = 5


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a package."""

    version: Version
    url: str
    integrity: str
    """Its strongest digest, such as ``sha512-…``; empty where the registry gives none."""
    is_deprecated: bool


def pin_npm(source: NpmSource, registry: str, open_url: OpenUrl) -> LockedFile:
    """Return the pin of a package: its archive, downloaded once and held against the registry.

    Args:
        source: What the manifest declares.
        registry: Its address, http or https.
        open_url: Gives the body of a URL in chunks.

    Raises:
        DirectSourceNotFound: there is no such package, or no version that fits.
        NpmAnswerUnusable: what the registry answers makes no sense, or is not enough to check
            the archive by.
        NpmMismatch: the archive is not what the registry says.
        UrlUnavailable: a download failed.

    Source: atom-spec/direct.md [npm-pin].
    """
    place = f"{registry.rstrip('/')}/{quote(source.package, safe='@')}"
    release = choose(source, place, _document(place, open_url))
    if not release.integrity:
        why = f"{release.version.text} has no digest of the SHA-2 family"
        raise NpmAnswerUnusable(place, why)
    _check_address(place, release.url)
    name, _, expected = release.integrity.partition("-")
    found = measure(release.url, open_url, max_bytes=MAX_ARCHIVE_BYTES, others=[name])
    given = base64.b64encode(found.digests[name]).decode()
    if given != expected:
        raise NpmMismatch(release.url, expected=release.integrity, found=f"{name}-{given}")
    return LockedFile(
        url=release.url,
        path="",
        suite="",
        size=found.size,
        sha256=found.sha256,
        name=source.package,
        version=release.version.text,
        integrity=release.integrity,
    )


def choose(source: NpmSource, place: str, document: Mapping[str, object]) -> Release:
    """Return the release that npm would take.

    Source: atom-spec/direct.md [npm-choice].
    """
    versions = _table(document.get("versions"))
    tags = _table(document.get("dist-tags"))
    if versions is None:
        raise NpmAnswerUnusable(place, "it lists no versions")
    releases = [found for text, each in versions.items() if (found := _release(text, each))]
    fitting = [each for each in releases if source.requirement.matches(each.version)]
    if not fitting:
        newest = sorted((each.version for each in releases), reverse=True)[:_SHOWN_VERSIONS]
        known = ", ".join(version.text for version in newest) or "none"
        why = f"no version fits {source.version}; the newest are {known}"
        raise DirectSourceNotFound(f"{source.package}@{source.version}", why)
    latest = (tags or {}).get("latest")
    tagged = [each for each in fitting if each.version.text == latest]
    kept = [each for each in fitting if not each.is_deprecated]
    return max(tagged or kept or fitting, key=lambda each: each.version)


def _document(place: str, open_url: OpenUrl) -> Mapping[str, object]:
    data = b"".join(chunks(place, open_url, max_bytes=MAX_DOCUMENT_BYTES, accept=ACCEPT))
    try:
        document = _table(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise NpmAnswerUnusable(place, "it is not JSON") from error
    if document is None:
        raise NpmAnswerUnusable(place, "it is not a JSON object")
    return document


def _release(text: str, said: object) -> Release | None:
    """Return what is said of one version; None where that is no version that can be named."""
    try:
        version = Version.parse(text)
    except InvalidVersion:
        return None
    about = _table(said) or {}
    dist = _table(about.get("dist")) or {}
    url, integrity = dist.get("tarball"), dist.get("integrity")
    return Release(
        version=version,
        url=url if isinstance(url, str) else "",
        integrity=strongest(integrity) if isinstance(integrity, str) else "",
        is_deprecated=bool(about.get("deprecated")),
    )


def strongest(integrity: str) -> str:
    """Return the strongest digest of an integrity text, without its options; empty: none."""
    found: dict[str, str] = {}
    for word in integrity.split():
        match = _INTEGRITY.fullmatch(word)
        if match is not None and _is_digest(match[1], match[2]):
            found.setdefault(match[1], f"{match[1]}-{match[2]}")
    return next((found[name] for name in _DIGESTS if name in found), "")


def _is_digest(name: str, text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) * 8 == int(name.removeprefix("sha"))
    except binascii.Error:
        return False


def _check_address(place: str, url: str) -> None:
    """Refuse an address that is none, holds a password, or is less private than the registry."""
    try:
        parts = urlsplit(url)
        is_plain = url.isascii() and url.isprintable() and " " not in url and not parts.fragment
        is_good = is_plain and parts.scheme in {"http", "https"} and parts.hostname is not None
        has_user = parts.username is not None
    except ValueError:
        is_good = has_user = False
        parts = urlsplit("")
    if not is_good or len(url) > MAX_URL_CHARACTERS:
        raise NpmAnswerUnusable(place, "the address of an archive is not http or https")
    if has_user:
        raise NpmAnswerUnusable(place, "the address of an archive holds a user or password")
    if urlsplit(place).scheme == "https" and parts.scheme != "https":
        raise NpmAnswerUnusable(place, "the registry is https, the address of an archive is not")


def _table(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None
