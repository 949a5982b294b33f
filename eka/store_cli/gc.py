"""``eka-store gc``: deletes what nothing needs, within limits."""

from __future__ import annotations

import time

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import GcLimits, StoreUnusable
from eka.store.reserve import release_reserve
from eka.store_cli.amounts import in_words
from eka.store_cli.paths import counted
from eka.store_cli.progress import shown_paths

if TYPE_CHECKING:
    import argparse

    from eka.store import GcReport
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def gc(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Delete garbage; tell what is gone and what stays."""
    limits = GcLimits(
        max_size_bytes=arguments.max_size,
        keep_since=None
        if arguments.keep_since is None
        else int(time.time()) - int(arguments.keep_since),
    )

    def collect() -> GcReport:
        with place.store() as store, shown_paths(console, place, "paths deleted") as show:

            def progress(gone: int, most: int) -> None:
                if show is not None:
                    show(gone, most)
                console.talk(f"deleted {gone} of {counted(most, 'path')}", verbosity=1)

            return store.gc(limits, dry_run=arguments.dry_run, on_progress=progress)

    try:
        report = collect()
    except StoreUnusable:
        # On a full disk not even a collection can begin, but with the room kept for it.
        if not release_reserve(place.root):
            raise
        report = collect()
    for path in report.deleted:
        console.data(path.text)
    _tell(report, limits, console)
    console.document("gc", _document(report))
    return Exit.OK


def _document(report: GcReport) -> dict[str, object]:
    return {
        "deleted": [path.text for path in report.deleted],
        "freed_bytes": report.freed_bytes,
        "kept": report.kept,
        "unneeded": report.unneeded,
        "left_bytes": report.left_bytes,
        "runs": report.tidied.runs,
        "log_bytes": report.tidied.log_bytes,
        "unfinished": report.tidied.unfinished,
        "unfinished_bytes": report.tidied.unfinished_bytes,
        "dry_run": report.dry_run,
    }


def _tell(report: GcReport, limits: GcLimits, console: Console) -> None:
    done = "would delete" if report.dry_run else "deleted"
    freed = f"{counted(len(report.deleted), 'path')}, {in_words(report.freed_bytes)}"
    spared = f" ({report.unneeded} of them unneeded)" if report.unneeded else ""
    console.talk(
        f"{done} {freed}; kept {counted(report.kept, 'path')}{spared}, "
        f"{in_words(report.left_bytes)}"
    )
    _tell_tidied(report, console)
    most = limits.max_size_bytes
    if most is not None and report.left_bytes > most:
        console.talk(
            f"that is {in_words(report.left_bytes - most)} more than --max-size: "
            f"the rest is needed{'' if limits.keep_since is None else ' or was used since'}"
        )


def _tell_tidied(report: GcReport, console: Console) -> None:
    found, would = report.tidied, "would " if report.dry_run else ""
    if found.runs or found.log_bytes:
        forget = "forget" if report.dry_run else "forgot"
        runs, size = counted(found.runs, "old run"), in_words(found.log_bytes)
        console.talk(f"{would}{forget} {runs}, {size} of logs")
    if found.unfinished:
        delete = "delete" if report.dry_run else "deleted"
        files = counted(found.unfinished, "unfinished download")
        console.talk(f"{would}{delete} {files}, {in_words(found.unfinished_bytes)}")
