"""What sources say of versions: the statuses that stand in a listing, read and told.

Source: atom-spec/status.md [status-source], [status-unreadable].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, Problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eka.atom import Label, ObjectId, SourceUrl, Version
    from eka.git import VersionStatus
    from eka.workflow.listing import Listings
    from eka.workflow.services import Services

Statuses = dict[tuple["Label", "Version"], "VersionStatus"]
_DOCUMENT_BYTES = 8 * 1024  # of one document in a pack, generously
_PACK_BYTES = 64 * 1024  # beside the documents
_MOST_ONE_BY_ONE = 32


def read_statuses(
    services: Services, listings: Listings, urls: Sequence[SourceUrl], labels: Sequence[Label]
) -> Statuses:
    """Return what the source of a set says of versions of ``labels``; most often nothing.

    The documents are fetched in one request, by id, where there are any.

    Raises:
        NetworkFailed: there are some, and no URL of the set answers any more.
    """
    listed = listings.statuses(urls, labels)
    if not listed:
        return {}
    documents = _documents(services, urls, sorted(set(listed.values())))
    return {key: documents[oid] for key, oid in listed.items()}


def told(label: Label, version: Version, status: VersionStatus) -> Iterator[str]:
    """Yield the sentences that tell a person of a status."""
    for clause in status.sentences:
        yield f"{label.text} {version.text} {clause}"


def _documents(
    services: Services, urls: Sequence[SourceUrl], oids: Sequence[ObjectId]
) -> Mapping[ObjectId, VersionStatus]:
    from eka.git import read_status, unreadable  # noqa: PLC0415 - most sets have no statuses

    here = services.cache.has(oids)
    missing = [oid for oid in oids if oid not in here]
    if missing and not services.offline:
        _fetch(services, urls, missing)
        here = services.cache.has(oids)
    away = (
        "its status is not in the local cache" if services.offline else "its status is not there"
    )
    reader = services.reader()
    found: dict[ObjectId, VersionStatus] = {}
    for oid in oids:
        if oid not in here:
            found[oid] = unreadable(away)
            continue
        try:
            found[oid] = read_status(reader.blob(oid))
        except EkaError:  # no blob, or a huge one
            found[oid] = read_status(None)
    return found


def _fetch(services: Services, urls: Sequence[SourceUrl], oids: Sequence[ObjectId]) -> None:
    """Fetch documents; those that a source does not give, or that are none, stay away."""
    try:
        _fetch_together(services, urls, oids)
    except EkaError as error:
        if _status_of(error) == Exit.NETWORK:
            raise
    else:
        return
    if len(oids) > 1:  # one that is none must not hide the others
        for oid in oids[:_MOST_ONE_BY_ONE]:
            _fetch(services, urls, [oid])


def _fetch_together(
    services: Services, urls: Sequence[SourceUrl], oids: Sequence[ObjectId]
) -> None:
    cache = services.cache.capped(_PACK_BYTES + _DOCUMENT_BYTES * len(oids))
    for at, url in enumerate(urls):
        try:
            cache.ensure(url, oids)
        except EkaError:
            if at + 1 == len(urls):
                raise
        else:
            return


def _status_of(error: EkaError) -> int:
    return error.worst if isinstance(error, Problems) else error.exit_status
