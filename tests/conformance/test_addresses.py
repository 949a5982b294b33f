"""The vectors of addresses and aliases."""

from __future__ import annotations

from typing import Any

import pytest

from eka.atom import BUILT_IN, Aliases, AtomUri, parse_atom_uri
from eka.errors import EkaError
from tests.vectors import load

VALID = load("uri/valid.json")
INVALID = load("uri/invalid.json")
ALIASES = Aliases({**BUILT_IN, **load("uri/aliases.json")})
VALUE_CLAUSES = (
    "uri-separator", "uri-local", "uri-requirement", "uri-label", "uri-schemes", "uri-path",
    "uri-userinfo", "uri-host", "uri-host-form", "uri-port", "uri-short-ssh", "uri-remote-path",
    "alias-use", "alias-chain", "alias-built-in",
)  # fmt: skip
ERROR_CLAUSES = (
    "uri-limits", "uri-characters", "uri-options", "alias-cycle", "alias-unknown",
)  # fmt: skip


def shape(uri: AtomUri) -> dict[str, object]:
    """Return an address as the vectors write it."""
    source = uri.source
    return {
        "url": source
        and {
            "scheme": source.scheme,
            "user": source.user,
            "password": source.password,
            "host": source.host,
            "port": source.port,
            "path": source.path,
        },
        "label": uri.label and uri.label.text,
        "version": uri.requirement and uri.requirement.text,
    }


@pytest.mark.spec(*VALUE_CLAUSES)
@pytest.mark.parametrize("vector", VALID, ids=[vector["input"] for vector in VALID])
def test_an_address_means_what_the_vector_says(vector: dict[str, Any]) -> None:
    found = parse_atom_uri(vector["input"], ALIASES)

    assert {"input": vector["input"], **shape(found)} == vector


@pytest.mark.spec(*VALUE_CLAUSES, *ERROR_CLAUSES)
@pytest.mark.parametrize("vector", INVALID, ids=[repr(each["input"][:60]) for each in INVALID])
def test_an_address_is_refused_with_the_code_of_the_vector(vector: dict[str, Any]) -> None:
    with pytest.raises(EkaError) as caught:
        parse_atom_uri(vector["input"], ALIASES)

    assert caught.value.code == vector["code"]
    for field in ("suggestion", "chain"):
        if field in vector:
            value = getattr(caught.value, field)
            assert (list(value) if field == "chain" else value) == vector[field]


@pytest.mark.spec("uri-credentials")
@pytest.mark.parametrize("vector", VALID, ids=[vector["input"] for vector in VALID])
def test_the_public_form_of_an_address_holds_no_secret(vector: dict[str, Any]) -> None:
    source = parse_atom_uri(vector["input"], ALIASES).source

    if source is not None:
        assert source.password is None or source.password not in source.public
        assert source.scheme == "ssh" or "@" not in source.public
        assert (source.user or "") in source.public or source.scheme != "ssh"


@pytest.mark.spec("uri-credentials")
@pytest.mark.parametrize("vector", INVALID, ids=[repr(each["input"][:60]) for each in INVALID])
def test_an_error_holds_no_password(vector: dict[str, Any]) -> None:
    with pytest.raises(EkaError) as caught:
        parse_atom_uri(vector["input"], ALIASES)

    told = f"{caught.value} {caught.value.fix} {caught.value.__dict__}"
    assert ":pw" not in told
