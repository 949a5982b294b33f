"""How sources answered, for ``--json``: who listed, when, and what was odd about it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.cli.reply import Json
    from eka.workflow.answers import Answer
    from eka.workflow.services import Services


def listings_document(services: Services) -> list[Json]:
    """Return the answers of this run: atom-spec/schemas/cli/listings.schema.json."""
    return [_document(answer, services.now_s) for answer in services.answers.all]


def _document(answer: Answer, now_s: int) -> Json:
    return {
        "source": answer.source,
        "by": answer.by,
        "listed_s": answer.at_s,
        "age_s": max(0, now_s - answer.at_s),
        "remembered": answer.is_remembered,
        "protocol": answer.protocol,
        "moved": [
            {
                "label": each.label,
                "version": each.version,
                "expected": each.expected.commit,
                "found": each.found,
                "first_seen_s": each.expected.when_s,
            }
            for each in answer.moved
        ],
        "withdrawn": [
            {
                "label": each.label,
                "version": each.version,
                "commit": each.seen.commit,
                "newest": each.is_newest,
                "first_seen_s": each.seen.when_s,
            }
            for each in answer.gone
        ],
    }
