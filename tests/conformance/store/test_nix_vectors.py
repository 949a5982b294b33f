"""The vectors that real Nix made."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from eka.store.nix.base32 import decode, encode
from eka.store.nix.keys import NixPublicKey, NixSecretKey
from eka.store.nix.nar import digest_chunks, nar_chunks
from eka.store.nix.nar_read import read_nar
from eka.store.nix.narinfo import NarInfo
from eka.store.nix.path import NixPath, content_path
from tests.vectors import load

if TYPE_CHECKING:
    from collections.abc import Mapping

VECTORS: Mapping[str, Any] = load("nix/vectors.json")


@pytest.mark.spec("nix-base32")
def test_base32() -> None:
    assert len(VECTORS["base32"]) == 8

    for digits, letters in VECTORS["base32"]:
        assert encode(bytes.fromhex(digits)) == letters
        assert decode(letters, 32).hex() == digits


@pytest.mark.spec("nix-nar")
@pytest.mark.spec("nix-path")
@pytest.mark.spec("nix-path-content")
def test_trees() -> None:
    assert len(VECTORS["trees"]) == 5

    for tree in VECTORS["trees"]:
        nar, path = base64.b64decode(tree["nar"]), NixPath.parse(tree["path"])

        assert b"".join(nar_chunks(read_nar([nar]))) == nar
        assert content_path(path.name, digest_chunks([nar]).sha256) == path


@pytest.mark.spec("nix-narinfo")
@pytest.mark.spec("nix-fingerprint")
@pytest.mark.spec("nix-signature")
def test_a_signed_description() -> None:
    secret = NixSecretKey.parse(VECTORS["secret_key"], "vectors")
    public = NixPublicKey.parse(VECTORS["public_key"])
    text: str = VECTORS["narinfo"]

    info = NarInfo.parse(text.encode(), "vectors")

    assert secret.public == public
    assert info.is_signed_by([public])
    assert info.signed_by(secret) == info
    assert sorted(info.text.splitlines()) == sorted(text.splitlines())
