"""Objects of published atoms brought to this machine, from whichever URL of a set gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.errors import EkaError
from eka.git import NetworkFailed, ObjectsUnavailable, UnsupportedObjectFormat
from eka.workflow.errors import Offline
from eka.workflow.listing import is_down

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.atom import ObjectId, SourceUrl
    from eka.git import Metadata
    from eka.workflow.services import Services

KIB = 1024
MOST_LACKING = 16  # objects that one URL may lack, one after another, before the next is asked


def ensure(services: Services, urls: Sequence[SourceUrl], oids: Sequence[ObjectId]) -> None:
    """Bring objects into the local cache; any URL of the set may give them.

    Raises:
        Offline: one is missing and the network is forbidden.
        NetworkFailed: no URL gives them.
    """
    missing: Sequence[ObjectId] = absent(services, oids)
    if not missing:
        return
    if services.offline:
        raise Offline(f"object {missing[0].hex}")
    *others, last = services.answers.in_order(urls)
    for url in others:
        missing = _partly(services, url, missing)
        if not missing:
            return
    _fetch(services, last, missing)


def _partly(services: Services, url: SourceUrl, oids: Sequence[ObjectId]) -> Sequence[ObjectId]:
    """Fetch what one of several URLs has of ``oids``; return what is left for the others.

    A server names the first object that it lacks, and refuses the whole request.
    """
    left: list[ObjectId] = []
    wanted = list(oids)
    while wanted:
        try:
            _fetch(services, url, wanted)
        except EkaError as error:
            if is_down(error):
                services.answers.mark_down(url)
            services.progress.note(f"{url.public} does not have it ({error})")
            lacking = set(error.oids) if isinstance(error, ObjectsUnavailable) else set(wanted)
            if not lacking or lacking >= set(wanted) or len(left) >= MOST_LACKING:
                return [*left, *wanted]
            left += [oid for oid in wanted if oid in lacking]
            wanted = [oid for oid in wanted if oid not in lacking]
        else:
            break
    return left


def _fetch(services: Services, url: SourceUrl, oids: Sequence[ObjectId]) -> None:
    services.cache.ensure(url, oids, progress=received(services), on_old=_old(services, url))


def absent(services: Services, oids: Sequence[ObjectId]) -> list[ObjectId]:
    """Return those of ``oids`` that the local cache does not hold."""
    here = services.cache.has(oids)
    return [oid for oid in oids if oid not in here]


def metadata(
    services: Services, urls: Sequence[SourceUrl], revs: Sequence[ObjectId]
) -> dict[ObjectId, Metadata]:
    """Return commits and manifests of published versions, as far as they can be had alone.

    What is left out can only be had with the whole atom (`ensure`), which says why if it cannot:
    the source cannot leave objects out, lacks one, or what is published there is no atom.

    Raises:
        NetworkFailed: no URL answers.
        UnsupportedObjectFormat: the source names its objects by SHA-256.
    """
    order = () if services.offline else services.answers.in_order(urls)
    for at, url in enumerate(order):
        try:
            return services.cache.metadata(url, revs, progress=received(services))
        except NetworkFailed as error:
            if at + 1 == len(order):
                raise
            services.answers.mark_down(url)
            services.progress.note(f"{url.public} does not answer ({error.why})")
        except UnsupportedObjectFormat:
            raise
        except EkaError:
            continue  # nobody needs all of them; whoever needs one asks for it and is told
    return services.cache.known_metadata(revs)


def received(services: Services) -> Callable[[int], None]:
    """Return a listener that shows how much of an answer came in."""
    return lambda size_bytes: services.progress.count("KiB received", size_bytes // KIB, None)


def _old(services: Services, url: SourceUrl) -> Callable[[], None]:
    def tell() -> None:
        services.progress.note(
            f"{url.public} speaks an old protocol of git: everything takes longer there, and "
            "only what its refs name can be fetched"
        )

    return tell
