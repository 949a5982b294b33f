"""Reads the vectors in fixtures/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def load(path: str) -> Any:  # noqa: ANN401 - every vector file has a shape of its own
    """Return the content of one JSON file below fixtures/."""
    return json.loads((FIXTURES / path).read_text(encoding="utf-8"))
