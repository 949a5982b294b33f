"""``git daemon`` on the loopback interface."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextmanager
def serve_daemon(root: Path) -> Generator[str]:
    """Serve the repositories below ``root`` over ``git://``; yields the URL."""
    with socket.create_server(("127.0.0.1", 0)) as chooser:
        port = chooser.getsockname()[1]
    with subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            "--reuseaddr",
            "--listen=127.0.0.1",
            f"--port={port}",
            f"--base-path={root}",
            str(root),
        ],
        stderr=subprocess.DEVNULL,
    ) as daemon:
        try:
            _wait(port)
            yield f"git://127.0.0.1:{port}"
        finally:
            daemon.terminate()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, "git daemon does not start"
            time.sleep(0.02)
        else:
            return
