"""Where ``eka-store`` begins: loading the rest can be interrupted, and makes no garbage."""

from __future__ import annotations

from eka.program import collect_seldom

INTERRUPTED = 130  # Exit.INTERRUPTED, without loading its module


def main() -> int:
    """Run ``eka-store`` with the words of this process; return its exit status."""
    collect_seldom()
    try:
        from eka.store_cli.main import main as run  # noqa: PLC0415 - it loads all else
    except KeyboardInterrupt:
        return INTERRUPTED
    return run()
