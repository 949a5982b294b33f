"""Paths, keys, signatures and descriptions as Nix writes them."""

from __future__ import annotations

import base64

import pytest

from eka.errors import Exit
from eka.store import InvalidStoreName
from eka.store.nix.base32 import ALPHABET, decode, encode
from eka.store.nix.errors import InvalidNarInfo, InvalidNixText, UnusableNixKey
from eka.store.nix.hashes import parse_sha256, sha256_text
from eka.store.nix.keys import NixPublicKey, NixSecretKey, NixSignature
from eka.store.nix.narinfo import MAX_NARINFO_BYTES, NarInfo
from eka.store.nix.path import NixPath, content_path

DIGEST = "0" * 32
KEY = NixSecretKey.make("cache-1", bytes(range(32)))
INFO = NarInfo(
    path=NixPath(DIGEST, "program"),
    nar_sha256=bytes(32),
    nar_size_bytes=120,
    references=(NixPath(DIGEST, "program"), NixPath("1" * 32, "library")),
    url="nar/a.nar.xz",
    compression="xz",
)


@pytest.mark.spec("nix-base32")
@pytest.mark.parametrize(
    "text",
    [
        "",
        DIGEST[1:],
        f"{DIGEST}0",
        *(f"{DIGEST[1:]}{letter}" for letter in "eoutA-\n\u0660"),
    ],
)
def test_what_is_not_20_bytes_in_base32_is_refused(text: str) -> None:
    with pytest.raises(InvalidNixText):
        decode(text, 20)


@pytest.mark.spec("nix-base32")
def test_no_two_texts_stand_for_the_same_bytes() -> None:
    largest = encode(b"\xff" * 32)

    with pytest.raises(InvalidNixText):
        decode(ALPHABET[ALPHABET.index(largest[0]) + 1] + largest[1:], 32)

    assert decode(largest, 32) == b"\xff" * 32
    assert largest[0] == "1"


@pytest.mark.spec("nix-path")
@pytest.mark.parametrize("text", [f"/nix/store/{DIGEST}-a", f"{DIGEST}-a"])
def test_a_path_is_read_with_and_without_its_directory(text: str) -> None:
    found = NixPath.parse(text)

    assert (found.text, found.base) == (f"/nix/store/{DIGEST}-a", f"{DIGEST}-a")


@pytest.mark.spec("nix-path")
@pytest.mark.parametrize(
    "text",
    [
        "",
        f"/nix/store/{DIGEST}",
        f"/nix/store/{DIGEST}-",
        f"/nix/store/{DIGEST}-a/b",
        f"/eka/store/{DIGEST}-a",
        f"/nix/store/{'e' * 32}-a",
        f"/nix/store/{DIGEST}-{'n' * 212}",
        f"/nix/store/{DIGEST}-a b",
        f"/nix/store/{DIGEST}-caf\u00e9",
        f"/nix/store/{DIGEST}-..",
    ],
)
def test_what_is_no_path_of_nix_is_refused(text: str) -> None:
    with pytest.raises(InvalidNixText):
        NixPath.parse(text)


def test_a_path_cannot_be_made_of_a_bad_name() -> None:
    with pytest.raises(InvalidStoreName):
        content_path("a/b", bytes(32))


@pytest.mark.spec("nix-narinfo")
def test_hashes_are_read_in_every_form_nix_writes() -> None:
    raw = bytes(range(32))

    forms = [
        sha256_text(raw),
        f"sha256:{raw.hex()}",
        f"sha256:{base64.b64encode(raw).decode()}",
        f"sha256-{base64.b64encode(raw).decode()}",
    ]

    assert {parse_sha256(text) for text in forms} == {raw}


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha512:00", f"sha256:{'g' * 64}", "sha256-AAAA", f"md5:{'0' * 32}"]
)
def test_what_is_no_sha_256_is_refused(text: str) -> None:
    with pytest.raises(InvalidNixText):
        parse_sha256(text)


@pytest.mark.spec("nix-signature")
def test_keys_and_signatures_are_read_back() -> None:
    signature = KEY.sign(b"message")

    assert NixSecretKey.parse(f"{KEY.text}\n", "file") == KEY
    assert NixPublicKey.parse(KEY.public.text) == KEY.public
    assert NixSignature.parse(signature.text) == signature
    assert signature.is_by(KEY.public, b"message")
    assert not signature.is_by(KEY.public, b"other message")
    assert not signature.is_by(NixPublicKey("cache-2", KEY.public.raw), b"message")


@pytest.mark.spec("nix-signature")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "no colon",
        ":AAAA",
        "name:",
        "na me:AAAA",
        "name:AAAA",
        "name:****",
        f"name:{'A' * 600}",
        KEY.public.text,
        f"cache-1:{base64.b64encode(bytes(64)).decode()}",
    ],
)
def test_what_is_no_secret_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UnusableNixKey) as refused:
        NixSecretKey.parse(text, "file")

    assert refused.value.where == "file"
    assert text == "" or text not in str(refused.value)
    assert refused.value.exit_status is Exit.USAGE


@pytest.mark.spec("nix-fingerprint")
def test_what_is_signed_names_path_hash_size_and_references() -> None:
    zeros = encode(bytes(32))

    assert (
        INFO.fingerprint
        == (
            f"1;/nix/store/{DIGEST}-program;sha256:{zeros};120;"
            f"/nix/store/{DIGEST}-program,/nix/store/{'1' * 32}-library"
        ).encode()
    )


@pytest.mark.spec("nix-narinfo")
def test_a_description_is_read_back() -> None:
    whole = NarInfo(
        INFO.path, INFO.nar_sha256, 120, INFO.references, INFO.url, "xz", b"f" * 32, 77,
        "fixed:r:sha256:x", (), f"{DIGEST}-program.drv",
    ).signed_by(KEY)  # fmt: skip

    assert NarInfo.parse(INFO.text.encode(), "here") == INFO
    assert NarInfo.parse(whole.text.encode(), "here") == whole
    assert NarInfo.parse(f"Unknown: x\nUnknown: y\n{whole.text}".encode(), "here") == whole
    assert whole.is_signed_by([KEY.public])
    assert whole.signed_by(KEY) == whole


BASE = INFO.text


@pytest.mark.spec("nix-narinfo")
@pytest.mark.parametrize(
    "data",
    {
        "empty": "",
        "no path": BASE.replace("StorePath", "Path"),
        "no size": BASE.replace("NarSize: 120\n", ""),
        "twice": f"{BASE}NarSize: 120\n",
        "no colon": f"{BASE}what\n",
        "negative": BASE.replace("120", "-1"),
        "other digits": BASE.replace("120", "\u0661"),
        "enormous": BASE.replace("120", "9" * 40),
        "hash": BASE.replace("sha256:", "sha1:"),
        "reference": BASE.replace("-library", "/library"),
        "signature": f"{BASE}Sig: name:short\n",
        "absolute": BASE.replace("nar/a", "/etc/a"),
        "upwards": BASE.replace("nar/a", "nar/../../a"),
        "elsewhere": BASE.replace("nar/a", "http://example.org/a"),
        "control": BASE.replace("nar/a", "nar/\x1ba"),
        "too long": BASE + "X: x\n" * (MAX_NARINFO_BYTES // 5),
    }.values(),
)
def test_a_malformed_description_is_refused(data: str) -> None:
    with pytest.raises(InvalidNarInfo) as refused:
        NarInfo.parse(data.encode(), "here")

    assert refused.value.where == "here"


def test_a_description_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(InvalidNarInfo):
        NarInfo.parse(b"\xff: \xff\n", "here")
