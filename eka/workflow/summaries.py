"""What published versions say about themselves in a line: from their manifests alone.

Where a source can leave out files, two requests bring any number of manifests; elsewhere nothing
is downloaded for a summary, and that is said. A source on this machine is read whole.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from eka.atom import read_toml
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.workflow.objects import metadata
from eka.workflow.partly import fetch_partly
from eka.workflow.progress import counted
from eka.workflow.published import manifest_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import ObjectId, SourceUrl, TomlValue
    from eka.workflow.services import Services

MOST_SUMMARIES = 100_000  # of one source; who lists more is searched by label alone
MAX_TAGS = 64
MAX_DESCRIPTION_CHARACTERS = 2000
_TABLES = ("package", "atom")  # today's manifest, and that of format 1


@dataclass(frozen=True, slots=True)
class Summary:
    """Description and tags of a version; foreign text, not safe yet."""

    description: str = ""
    tags: tuple[str, ...] = ()


def summaries(
    services: Services, urls: Sequence[SourceUrl], revs: Sequence[ObjectId]
) -> dict[ObjectId, Summary]:
    """Return summaries of atom commits; those that cannot be had, or read, are left out.

    Args:
        services: The ports.
        urls: Of the set; any of them may give manifests.
        revs: Atom commits.
    """
    place = urls[0].public
    every, revs = revs, revs[:MOST_SUMMARIES]
    texts = _known(services, revs)
    missing = [rev for rev in revs if rev not in texts]
    if missing and not services.offline:
        services.progress.step(f"fetching {counted(len(missing), 'manifest')} from {place}")
        texts |= _fetch(services, urls, missing)
    left = len(set(every) - texts.keys())
    if left:
        why = (
            "they are not in the local cache"
            if services.offline
            else "the server gives them only with all files"
        )
        services.progress.note(f"{place}: {counted(left, 'manifest')} not read: {why}")
    return {rev: said for rev, text in texts.items() if (said := summarise(text)) is not None}


def _known(services: Services, revs: Sequence[ObjectId]) -> dict[ObjectId, bytes]:
    """Return the manifests that are here; those of format 1 stand in whole atoms alone."""
    known = services.cache.known_metadata(revs)
    texts = {rev: each.text for rev, each in known.items()}
    whole = services.cache.has(rev for rev in revs if rev not in texts)
    for rev in sorted(whole):
        with suppress(EkaError):
            texts[rev] = manifest_bytes(services.reader(), rev)
    return texts


def _fetch(
    services: Services, urls: Sequence[SourceUrl], revs: Sequence[ObjectId]
) -> dict[ObjectId, bytes]:
    found: dict[ObjectId, bytes] = {}
    try:
        found |= {rev: each.text for rev, each in metadata(services, urls, revs).items()}
        missing = [rev for rev in revs if rev not in found]
        if missing and urls[0].is_local:
            refused = fetch_partly(services, urls, missing)
            found |= _known(services, [rev for rev in missing if rev not in refused])
    except EkaError as error:  # labels are known already, and worth more than an error
        services.progress.note(str(error))
    return found


def summarise(manifest: bytes) -> Summary | None:
    """Return what a manifest of any format says; None for one that cannot be read."""
    try:
        data = read_toml(manifest, "manifest").data
    except EkaError:
        return None
    tables = (data.get(name) for name in _TABLES)
    package = next((table for table in tables if isinstance(table, dict)), None)
    if package is None:
        return None
    meta = package.get("meta")  # of the wild
    places = (package, meta if isinstance(meta, dict) else {})
    description = _first(places, "description")
    return Summary(
        description[:MAX_DESCRIPTION_CHARACTERS] if isinstance(description, str) else "",
        tuple(_texts(_first(places, "tags")))[:MAX_TAGS],
    )


def _first(places: Iterable[Mapping[str, TomlValue]], key: str) -> TomlValue | None:
    return next((value for place in places if (value := place.get(key))), None)


def _texts(value: TomlValue | None) -> Iterable[str]:
    return (each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
