"""What ``eka-store`` does without standard streams, or with ones that take nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, "-m", "eka.store_cli", "--store")


def ran(store: Path, words: str) -> subprocess.CompletedProcess[str]:
    """Run ``eka-store`` by a shell, which can close streams."""
    script = f'exec "$@" {words}'
    return subprocess.run(
        ["sh", "-c", script, "sh", *PROGRAM, str(store)],
        capture_output=True,
        text=True,
        check=False,
        cwd=HERE,
    )


def test_an_answer_that_cannot_be_written_is_a_failure_and_no_bug(tmp_path: Path) -> None:
    found = ran(tmp_path / "store", "info --json >/dev/full")

    assert found.returncode == 1
    assert found.stderr.startswith("error[store-system]: ")
    assert "Traceback" not in found.stderr


def test_a_stream_that_is_closed_is_no_file_of_the_store(tmp_path: Path) -> None:
    found = ran(tmp_path / "store", "info <&- >&-")

    assert (found.returncode, found.stderr) == (0, "")
