"""Fetches atoms of which some may be broken: one of them must not hide the others."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.workflow.objects import ensure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import ObjectId, SourceUrl
    from eka.workflow.services import Services


def fetch_partly(
    services: Services, urls: Sequence[SourceUrl], revs: Sequence[ObjectId]
) -> dict[ObjectId, EkaError]:
    """Bring atoms into the cache as far as they can be had; return why the others cannot.

    Where some are refused, halves are asked for: O(broken ones x log) requests.
    """
    refused: dict[ObjectId, EkaError] = {}
    pending = [list(revs)] if revs else []
    while pending:
        part = pending.pop()
        try:
            ensure(services, urls, part)
        except EkaError as error:
            # On this machine a "server" breaks down over one broken object, not over its line.
            is_down = error.exit_status == Exit.NETWORK and not urls[0].is_local
            if len(part) == 1 or is_down:
                refused.update(dict.fromkeys(part, error))
            else:
                half = len(part) // 2
                pending += [part[half:], part[:half]]
    here = services.cache.has(refused)
    return {rev: error for rev, error in refused.items() if rev not in here}
