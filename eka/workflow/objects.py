"""Objects of published atoms brought to this machine, from whichever URL of a set gives them."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import NetworkFailed, ObjectsUnavailable, UnsupportedObjectFormat
from eka.workflow.errors import Offline
from eka.workflow.inquiry import is_down
from eka.workflow.rounds import Round

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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


def ensure_together(
    services: Services, wishes: Mapping[tuple[SourceUrl, ...], Sequence[ObjectId]]
) -> None:
    """Bring objects of several sets into the local cache, all sets asked at once.

    Raises:
        As `ensure`, of the first set that lacks something.
    """
    lacking = set(absent(services, [oid for oids in wishes.values() for oid in oids]))
    if not lacking:
        return
    if services.offline:
        raise Offline(f"object {min(lacking).hex}")
    left = {urls: [oid for oid in oids if oid in lacking] for urls, oids in wishes.items()}
    asked = {services.answers.in_order(urls)[0]: oids for urls, oids in left.items() if oids}
    outcomes = services.cache.ensure_all(
        asked,
        _round(services, "fetching from"),
        progress=received(services) if len(asked) == 1 else None,
        on_old=lambda url: _old(services, url)(),
    )
    for urls, oids in left.items():
        error = outcomes.get(services.answers.in_order(urls)[0])
        if error is None:
            continue
        if len(urls) == 1:
            raise error
        _note_failure(services, urls, error)
        ensure(services, urls, oids)


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


def metadata_together(
    services: Services, wishes: Mapping[tuple[SourceUrl, ...], Sequence[ObjectId]]
) -> dict[ObjectId, Metadata]:
    """Return what `metadata` does, of several sets, all asked at once.

    Raises:
        As `metadata`, of the first set that cannot be asked.
    """
    revs = [oid for oids in wishes.values() for oid in oids]
    if not revs or services.offline:
        return services.cache.known_metadata(revs)
    found: dict[ObjectId, Metadata] = {}
    asked = {services.answers.in_order(urls)[0]: oids for urls, oids in wishes.items() if oids}
    outcomes = services.cache.metadata_all(
        asked,
        _round(services, "planning from"),
        progress=received(services) if len(asked) == 1 else None,
    )
    for urls, oids in wishes.items():
        outcome = outcomes.get(services.answers.in_order(urls)[0], {})
        if isinstance(outcome, dict):
            found |= outcome
        elif len(urls) == 1 and isinstance(outcome, NetworkFailed | UnsupportedObjectFormat):
            raise outcome
        else:
            _note_failure(services, urls, outcome)
            found |= metadata(services, urls, oids)
    return found


def _note_failure(services: Services, urls: tuple[SourceUrl, ...], error: EkaError) -> None:
    """Let the URL that was asked be the last to be asked again, if it does not answer."""
    if is_down(error):
        services.answers.mark_down(services.answers.in_order(urls)[0])


def _round(services: Services, what: str) -> Round:
    return Round(
        rounds=services.rounds,
        what=what,
        hang_up=services.cache.hang_up,
        progress=services.progress,
    )


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
