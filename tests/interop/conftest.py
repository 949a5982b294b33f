"""What the tests against other programs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

GIVEN_ONLY = "test_real_repositories.py"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the tests of repositories that were not given."""
    is_left_out = collection_path.name == GIVEN_ONLY and not config.getoption("--repositories")
    return True if is_left_out else None
