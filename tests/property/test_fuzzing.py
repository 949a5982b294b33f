"""Damaged documents by the thousand, and a million of each kind with ``--long``.

Each parser works in a process of its own that may take only so much memory and processor time;
a single document may take a few seconds of it, however it was made to be slow.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.mutations import FLOOD_BYTES, MOST_BYTES, Mutator
from tests.fakes.parsers import parsers

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
MEMORY_BYTES = 512 * 1024**2
SHORT, LONG = 1500, 1_000_000
THINKING_S, LONG_THINKING_S = 20, 3600


def fuzzed(name: str, documents: int, thinking_s: int) -> dict[str, Any]:
    """Return what came of so many documents."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (thinking_s, thinking_s))

    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, str(documents)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("name", parsers())
def test_no_document_brings_a_parser_down(name: str, rounds: Callable[[int, int], int]) -> None:
    documents = rounds(SHORT, LONG)

    answer = fuzzed(name, documents, rounds(THINKING_S, LONG_THINKING_S))

    assert answer["documents"] == documents
    assert answer["accepted"] > 0


def test_the_same_seed_gives_the_same_documents() -> None:
    parser = parsers()["manifest"]
    one, same, other = (Mutator(parser.documents, parser.tokens, seed) for seed in (1, 1, 2))

    found = [[each.next() for _ in range(200)] for each in (one, same, other)]

    assert found[0] == found[1]
    assert found[0] != found[2]


def test_documents_are_of_all_sizes_but_bounded() -> None:
    parser = parsers()["version"]
    mutator = Mutator(parser.documents, parser.tokens, 3)

    sizes = [len(mutator.next()) for _ in range(20_000)]

    assert min(sizes) == 0
    assert MOST_BYTES < max(sizes) < FLOOD_BYTES + 2 * MOST_BYTES


@pytest.mark.parametrize("fault", ["raise ValueError", "while True: pass", "bytearray(1 << 30)"])
def test_a_parser_that_is_brought_down_is_seen(fault: str) -> None:
    program = (
        "import sys, tests.fuzz, tests.fakes.parsers as p\n"
        f"def bad(data):\n    {fault}\n"
        "good = p.parsers()\n"
        "tests.fuzz.THINKING_S = 0.2\n"
        "tests.fuzz.parsers = lambda: {'bad': p.Parser([b'x'], [b'y'], bad)}\n"
        "sys.exit(tests.fuzz.main('bad', '3'))\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )

    assert done.returncode == 1
    assert "document" in json.loads(done.stdout.splitlines()[0])
