"""The JSON schemas of atom-spec; each is read, and checked itself, once in a process."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema.validators import validator_for

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMAS = Path(__file__).resolve().parent.parent / "atom-spec" / "schemas"


@cache
def schema(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return the schema of a file such as ``cli/tree.schema.json``."""
    return json.loads((SCHEMAS / name).read_text(encoding="utf-8"))


@cache
def _validator(name: str) -> Any:  # noqa: ANN401 - the library's own
    # Checking a schema takes a hundred times as long as checking a document.
    kind = validator_for(schema(name))
    kind.check_schema(schema(name))
    return kind(schema(name))


def check(document: object, name: str) -> None:
    """Hold a document against the schema of a file.

    Raises:
        ValidationError: it does not fit.
        SchemaError: the schema itself is wrong.
    """
    _validator(name).validate(document)


def check_answer(document: Mapping[str, Any]) -> None:
    """Hold what ``eka`` printed against the schema that it names."""
    name = document["schema"].removeprefix("eka.").removesuffix("/1")
    check(document, f"cli/{name}.schema.json")


def check_store_line(document: Mapping[str, Any]) -> None:
    """Hold a line that ``eka-store`` printed against its schema."""
    is_error = document["schema"] == "eka.error/1"
    check(document, "cli/error.schema.json" if is_error else "store-cli.schema.json")
