"""Versions that were not chosen because they are yanked or too new, for ``--json``."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.cli.reply import Json
    from eka.workflow.services import Services


def passed_over_document(services: Services) -> list[Json]:
    """Return what this run passed over; the same for every command that chooses versions."""
    return [
        {
            "label": each.request[0][1].text,
            "set": each.request[0][0].hex,
            "version": each.request[1].text,
            "reason": each.reason,
            "first_seen_s": each.wait.first_seen_s if each.wait else None,
            "eligible_s": each.wait.eligible_s if each.wait else None,
        }
        for each in services.passed_over
    ]
