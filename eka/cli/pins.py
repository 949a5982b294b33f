"""How ``eka pin`` and ``eka unpin`` tell what they did."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.changes import change_lines, changes_document, direct_document, direct_lines
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.text import bold, dim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.cli.text import Line
    from eka.workflow.pin_version import PinReport
    from eka.workflow.services import Services


def pin_reply(services: Services, report: PinReport, *, verb: str, dry_run: bool) -> Reply:
    """Return what became of requirements; ``verb`` is ``pinned`` or ``unpinned``."""
    return Reply(
        document={
            "dry_run": dry_run,
            "written": report.written,
            "lines": [
                {
                    "label": each.line.line.label.text,
                    "set": each.line.line.set_name,
                    "dev": each.line.dev,
                    "before": each.line.line.requirement.text,
                    "after": each.after.text,
                }
                for each in report.lines
            ],
            "changes": changes_document(report.changes),
            "direct_changes": direct_document(report.direct_changes),
            "listings": listings_document(services),
        },
        body=(
            *_lines(report, verb=verb, dry_run=dry_run),
            *change_lines(report.changes),
            *direct_lines(report.direct_changes),
        ),
    )


def _lines(report: PinReport, *, verb: str, dry_run: bool) -> Iterator[Line]:
    would = {"pinned": "would pin", "unpinned": "would unpin"}[verb] if dry_run else verb
    for each in report.lines:
        what = dim(" for development" if each.line.dev else "")
        if each.is_change:
            before = dim(f" (was {each.line.line.requirement.text})")
            yield (f"{would} ", bold(f"{each.line.title} {each.after.text}"), what, before)
        else:
            already = "already pinned: " if verb == "pinned" else "not pinned: "
            yield (already, bold(f"{each.line.title} {each.after.text}"), what)
