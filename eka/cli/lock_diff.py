"""``eka diff --lock``: what differs between two locks, for programs and for people."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.changes import change_lines, changes_document, direct_document, direct_lines
from eka.cli.reply import Reply
from eka.cli.text import bold
from eka.errors import Exit
from eka.workflow.lock_diff import diff_lock_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.lock_diff import LockDiff
    from eka.workflow.services import Services


def lock_diff(services: Services, words: Sequence[str], *, exit_code: bool) -> Reply:
    """Return the answer of ``eka diff --lock``."""
    found = diff_lock_files(services, words)
    is_same = all(each.is_same for each in found)
    return Reply(
        document={"locks": [_document(each) for each in found]},
        body=list(_lines(found)),
        status=Exit.FAILED if exit_code and not is_same else Exit.OK,
    )


def _document(found: LockDiff) -> Json:
    return {
        "old": {"title": found.old.title, "exists": found.old.lock is not None},
        "new": {"title": found.new.title, "exists": found.new.lock is not None},
        "same": found.is_same,
        "changes": changes_document(found.changes),
        "direct": direct_document(found.direct),
    }


def _lines(found: Sequence[LockDiff]) -> Iterator[Line]:
    differing = [each for each in found if not each.is_same]
    for each in differing if len(found) > 1 else found:
        yield (bold(each.old.title), " -> ", bold(each.new.title))
        if each.is_same:
            yield "nothing differs"
        yield from change_lines(each.changes)
        yield from direct_lines(each.direct)
    if len(found) > 1 and not differing:
        yield f"nothing differs in {len(found)} locks"
