"""Marking, looking up and scanning: what must stay quick when a store is large.

With EKA_BENCH_LARGE=1 a database of a million paths is asked as well; it takes a minute to make.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from eka.store import GcLimits, Store, StorePath
from eka.store.references import PREFIX, ReferenceScanner
from tests.bench.ratio import Amount, NotRun
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

PATHS = 100_000
LARGE_PATHS = 1_000_000
EDGES_EACH = 8
NEAR = 5_000  # a path refers to some that are not much older
ROOTS = 50
CLOSURE = 1_000
SCANNED_BYTES = 256 << 20
CHUNK_BYTES = 1 << 20
LETTERS = "0123456789abcdefghijklmnopqrstuv"
GIGABYTE = 10**9
ROW = (
    "INSERT INTO paths (id, base, kind, content, size_bytes, registered) VALUES (?, ?, ?, ?, ?, ?)"
)


def measure() -> Iterator[Amount | NotRun]:
    """Yield amounts of processor time; the least of several rounds, for the machine is shared."""
    yield from _repeated_import()
    yield _scan()
    with synthetic(PATHS) as (root, _):
        yield from _marks(root, PATHS, mark_s=1.1, limited_s=5)
    if not os.environ.get("EKA_BENCH_LARGE"):
        yield NotRun("a database of 1 000 000 paths", "it is large; set EKA_BENCH_LARGE=1")
        return
    with synthetic(LARGE_PATHS) as (root, some):
        yield from _marks(root, LARGE_PATHS, mark_s=30, limited_s=120)
        yield from _look_ups(root, some)


@contextmanager
def synthetic(count: int) -> Generator[tuple[Path, list[str]], None, None]:
    """Make a store whose database names paths and references; yield it and a small closure.

    Of a closure of a thousand paths the files are there too, empty.
    """
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    place = Path(tempfile.mkdtemp(prefix="eka-bench-", dir=memory if count == PATHS else None))
    try:
        with Store.open(place / "store", durable=False):
            pass
        chance = random.Random(count)
        with closing(sqlite3.connect(place / "store" / "db.sqlite")) as database, database:
            database.execute("PRAGMA synchronous = OFF")
            bases = [
                "".join(chance.choices(LETTERS, k=32)) + f"-path{number}"
                for number in range(count)
            ]
            database.executemany(ROW, _rows(bases))
            database.executemany("INSERT OR IGNORE INTO refs VALUES (?, ?)", _edges(count, chance))
            first = count - ROOTS
            database.executemany(
                "INSERT INTO kept VALUES (?, ?)",
                ((f"root{number}", number + 1) for number in range(first, count)),
            )
        few = bases[:CLOSURE]
        for base in few:
            (place / "store" / "store" / base).touch()
        yield place / "store", few
    finally:
        shutil.rmtree(place)


def _rows(bases: list[str]) -> Iterator[tuple[int, str, str, bytes, int, int]]:
    for number, base in enumerate(bases):
        content = number.to_bytes(32, "big")
        yield number + 1, base, "directory", content, 1000 + number % 7, 1


def _edges(count: int, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Yield a chain through the first thousand, then references to older paths near by."""
    for number in range(2, count + 1):
        if number <= CLOSURE:
            yield number, number - 1
            continue
        oldest = max(1, number - NEAR)
        for _ in range(EDGES_EACH):
            yield number, chance.randrange(oldest, number)


def _marks(root: Path, count: int, *, mark_s: float, limited_s: float) -> Iterator[Amount]:
    with Store.open(root, durable=False) as store:
        taken = least(lambda: store.gc(dry_run=True), rounds=3)
        yield Amount(f"gc --dry-run, {count} paths", taken, "s", mark_s)
        for name in store.kept():
            store.let_go(name)
        limits = GcLimits(max_size_bytes=count * 500)
        taken = least(lambda: store.gc(limits, dry_run=True), rounds=2)
        yield Amount(f"gc --max-size --dry-run, {count} paths, none needed", taken, "s", limited_s)


def _look_ups(root: Path, some: list[str]) -> Iterator[Amount]:
    with Store.open(root, durable=False) as store:
        paths = [StorePath.parse(base) for base in some]
        each = least(lambda: [store.path_info(path) for path in paths], rounds=3) / len(paths)
        yield Amount("path-info, of 1 000 000 paths", round(each * 1000, 4), "ms", 1)
        taken = least(lambda: store.closure([paths[-1]]), rounds=3)
        assert len(store.closure([paths[-1]])) == CLOSURE
        yield Amount("closure of 1 000 of 1 000 000 paths", round(taken * 1000, 2), "ms", 100)


def _scan() -> Amount:
    """Scan what looks like a program: bytes of all kinds, slashes, some references."""
    chance = random.Random(1)
    known = [StorePath("".join(chance.choices(LETTERS, k=32)), "dep") for _ in range(100)]
    chunk = bytearray(chance.randbytes(CHUNK_BYTES))
    for path in known[::4]:
        at = chance.randrange(CHUNK_BYTES - 100)
        chunk[at : at + len(path.text)] = path.text.encode()
    chunks = [bytes(chunk)] * (SCANNED_BYTES // CHUNK_BYTES)

    def scan() -> None:
        scanner = ReferenceScanner(StorePath("o" * 32, "out"), known)
        for _ in scanner.blank(chunks, []):
            pass
        assert len(scanner.found) >= len(known) // 5
        assert PREFIX in chunk

    return Amount(
        "reference scan of a gigabyte",
        round(least(scan, rounds=5) * GIGABYTE / SCANNED_BYTES, 3),
        "s",
        1,
    )


def _repeated_import() -> Iterator[Amount]:
    """Ask for a git tree that was imported before: by its id, or by the content it must have."""
    with (
        tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch,
        Store.open(Path(scratch) / "store", durable=False) as store,
    ):
        path = store.add_tree("tree", nodes(SAMPLE))
        oid = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        store.set_alias("git-tree", oid, path)
        rounds = 100

        def by_alias() -> None:
            for _ in range(rounds):
                assert store.alias("git-tree", oid, "tree") == path

        def by_content() -> None:
            for _ in range(rounds):
                assert store.hold(path)

        for name, ask in (("its id", by_alias), ("its content hash", by_content)):
            taken = least(ask, rounds=5) / rounds
            yield Amount(f"import of a known git tree, by {name}", round(taken * 1000, 4), "ms", 1)


def least(work: Callable[[], object], *, rounds: int) -> float:
    """Return the least processor time of several rounds, in seconds."""
    found: list[float] = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return round(min(found), 6)
