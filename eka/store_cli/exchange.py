"""``export`` and ``import``: paths, and all they need, as one stream."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import export_order, export_stream, import_stream
from eka.store_cli.errors import StoreUsage, StreamFileUnusable
from eka.store_cli.paths import counted, typed_path
from eka.store_cli.progress import amount, counted_source

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator
    from typing import IO

    from eka.store import Imported
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def export(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Write paths, and all they need, as one stream."""
    if arguments.output is None and console.is_terminal:
        raise StoreUsage("eka-store export", "a stream is not for terminals: name a file with -o")
    size_bytes = 0
    with place.store() as store:
        roots = list(dict.fromkeys(typed_path(store, text) for text in arguments.paths))
        with store.lease(roots), _sink(arguments.output, console) as write:
            paths = export_order(store, roots)
            total_bytes = sum(store.path_info(path).size_bytes for path in paths)
            with amount(console, place, "MiB written", total_bytes) as written:
                for chunk in export_stream(store, roots):
                    write(chunk)
                    size_bytes += len(chunk)
                    if written is not None:
                        written.add(len(chunk))
    console.talk(f"{counted(len(paths), 'path')}, {counted(size_bytes, 'byte')}")
    fields = {"paths": [path.text for path in paths], "size_bytes": size_bytes}
    console.document("export", fields)
    return Exit.OK


def import_(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Take over the paths of a stream, all of them or none."""
    with place.store() as store:
        with (
            _source(arguments.file, console) as source,
            amount(console, place, "MiB read", _size_bytes(source)) as read,
        ):
            done = import_stream(store, counted_source(source, read), dry_run=arguments.dry_run)
        if arguments.root is not None and not arguments.dry_run:
            if not done.roots:
                raise StoreUsage("eka-store import --root", "the stream holds no path")
            store.add_root(Path(arguments.root), done.roots[0])
    for path in done.roots:
        console.data(path.text)
    console.talk(_summary(done, dry_run=arguments.dry_run))
    console.document(
        "import",
        {
            "roots": [path.text for path in done.roots],
            "added": [path.text for path in done.added],
            "kept": done.kept,
            "reductions": done.reductions,
            "ignored": done.ignored,
            "dry_run": bool(arguments.dry_run),
        },
    )
    return Exit.OK


def _size_bytes(source: IO[bytes]) -> int | None:
    """Return how long a file is; None for what is no file, or has no end yet."""
    try:
        status = os.fstat(source.fileno())
    except OSError:  # a stream in memory
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _summary(done: Imported, *, dry_run: bool) -> str:
    verb = "would add" if dry_run else "added"
    text = f"{verb} {counted(len(done.added), 'path')}; {done.kept} were here already"
    if done.ignored:
        text += f"; {counted(done.ignored, 'reduction')} by keys that are not trusted left out"
    return text


@contextmanager
def _sink(file: str | None, console: Console) -> Generator[Callable[[bytes], object], None, None]:
    """Write to standard output, or to a file that appears when it is whole."""
    if file is None:
        yield console.chunk
        return
    place = Path(file).absolute()
    fresh = place.with_name(f".{os.urandom(8).hex()}")  # however long its own name is
    try:
        with fresh.open("wb") as opened:
            yield opened.write
        fresh.rename(place)
    except OSError as error:
        raise StreamFileUnusable(str(place), error.strerror or str(error)) from error
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _source(file: str | None, console: Console) -> Generator[IO[bytes], None, None]:
    if file is None and console.stdin.isatty():
        raise StoreUsage("eka-store import", "name a FILE, or let a stream come in")
    if file is None or file == "-":
        yield console.stdin
        return
    try:
        with Path(file).open("rb") as opened:
            yield opened
    except OSError as error:
        raise StreamFileUnusable(file, error.strerror or str(error)) from error
