"""The vectors of atom.toml and ekala.toml, held against the readers and the JSON Schemas."""

from __future__ import annotations

import tomllib
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from eka.atom import parse_manifest, parse_set_manifest
from eka.errors import EkaError, Problems
from tests.schemas import check, schema
from tests.vectors import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANIFEST_CLAUSES = (
    "manifest-toml", "manifest-problems", "manifest-unknown", "manifest-package",
    "manifest-description", "manifest-tags", "manifest-systems", "manifest-single",
    "manifest-sets", "manifest-credentials", "manifest-deps", "manifest-deps-declared",
    "manifest-dev", "manifest-direct", "manifest-deb", "manifest-url",
    "manifest-url-unpack", "manifest-url-version", "manifest-git", "manifest-npm", "manifest-pypi",
    "manifest-direct-foreign", "manifest-build", "manifest-build-inputs", "manifest-links",
    "manifest-env", "manifest-variables", "manifest-timeout", "manifest-data", "manifest-wild",
    "manifest-patch", "manifest-resolution",
)  # fmt: skip
SET_CLAUSES = (
    "set-manifest-toml", "set-packages", "set-remote", "set-format", "set-mirrors",
    "set-metadata",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of file: its reader, its schema, its folder of vectors."""

    folder: str
    parse: Callable[[bytes, str], object]
    schema: str

    def check(self, text: str) -> None:
        """Hold a text against the schema; raises ValueError or ValidationError."""
        check(tomllib.loads(text), self.schema)


ATOM = Kind("manifest", parse_manifest, "atom.schema.json")
SET = Kind("set-manifest", parse_set_manifest, "ekala.schema.json")


def vectors(folder: str) -> list[Any]:
    """Return (kind, file) of each vector in one folder."""
    return [
        pytest.param(kind, path, id=f"{kind.folder}/{path.stem}")
        for kind in (ATOM, SET)
        for path in sorted((FIXTURES / kind.folder / folder).glob("*.toml"))
    ]


@pytest.mark.parametrize("kind", [ATOM, SET], ids=["atom", "ekala"])
def test_a_schema_is_a_schema(kind: Kind) -> None:
    found = schema(kind.schema)

    Draft202012Validator.check_schema(found)

    assert found["$id"].endswith(kind.schema)


@pytest.mark.spec(*MANIFEST_CLAUSES, *SET_CLAUSES)
@pytest.mark.parametrize(("kind", "path"), vectors("golden"))
def test_a_good_file_is_accepted_by_reader_and_schema(kind: Kind, path: Path) -> None:
    data = path.read_bytes()

    kind.parse(data, path.name)
    kind.check(data.decode())


@pytest.mark.spec(*MANIFEST_CLAUSES, *SET_CLAUSES)
@pytest.mark.parametrize(("kind", "path"), vectors("violations"))
def test_a_bad_file_is_refused_with_all_its_codes_in_order(kind: Kind, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    codes, by_schema = (line.partition(": ")[2] for line in text.split("\n")[:2])

    with pytest.raises(EkaError) as caught:
        kind.parse(text.encode(), path.name)

    error = caught.value
    problems = error.problems if isinstance(error, Problems) else (error,)
    assert [problem.code for problem in problems] == codes.split()
    assert all(problem.what and problem.fix for problem in problems)
    assert all(problem.span and problem.span.file == path.name for problem in problems)
    with pytest.raises((ValueError, ValidationError)) if by_schema == "refuses" else nullcontext():
        kind.check(text)


@pytest.mark.spec("manifest-credentials", "set-mirrors")
@pytest.mark.parametrize(("kind", "path"), vectors("violations"))
def test_no_error_repeats_a_secret(kind: Kind, path: Path) -> None:
    with pytest.raises(EkaError) as caught:
        kind.parse(path.read_bytes(), path.name)

    error = caught.value
    problems = error.problems if isinstance(error, Problems) else (error,)
    for problem in problems:
        assert "s3cret" not in f"{problem} {problem.fix}"
        assert "t0ken" not in f"{problem} {problem.fix}"


def test_the_manifests_of_the_demo_are_good() -> None:
    found = sorted((FIXTURES / "demo").rglob("atom.toml"))

    for path in found:
        parse_manifest(path.read_bytes(), str(path))
        ATOM.check(path.read_text(encoding="utf-8"))

    assert found
