"""Files with keys: OpenSSH's private keys, and the public ones beside them."""

from __future__ import annotations

import binascii
import os
import stat
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.git.signature_errors import SigningKeyUnusable
from eka.git.signature_key import InvalidPublicKey, PublicKey, WireFault, WireReader

if TYPE_CHECKING:
    from pathlib import Path

MAX_KEY_FILE_BYTES = 64 * 1024
PRIVATE_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
PRIVATE_END = b"-----END OPENSSH PRIVATE KEY-----"
PUBLIC_SUFFIX = ".pub"
_MAGIC = b"openssh-key-v1\0"
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key that lies in a file."""

    key: PublicKey
    private: Path | None
    """The file with its private half; None when only the public one is there."""
    text: bytes | None = None
    """What that file holds, unless it is encrypted."""


def read_key_file(path: Path) -> KeyFile:
    """Return the key in a file, private or public; raises SigningKeyUnusable.

    A public key's private half is looked for beside it, under the name without ``.pub``.
    """
    data = _read(path)
    if PRIVATE_BEGIN in data:
        return _private(path, data)
    try:
        key = PublicKey.parse(data.decode("utf-8", errors="replace"))
    except InvalidPublicKey as error:
        why = f"the file holds no key of OpenSSH: {error.why}"
        raise SigningKeyUnusable(str(path), why) from error
    if path.suffix == PUBLIC_SUFFIX and (private := path.with_suffix("")).is_file():
        beside = _private(private, _read(private))
        if beside.key == key:
            return beside
    return KeyFile(key, None)


def _private(path: Path, data: bytes) -> KeyFile:
    _refuse_shared(path)
    body = data.partition(PRIVATE_BEGIN)[2].partition(PRIVATE_END)[0]
    try:
        raw = binascii.a2b_base64(b"".join(body.split()), strict_mode=True)
        key, is_encrypted = _decode_private(raw)
    except (WireFault, binascii.Error) as error:
        raise SigningKeyUnusable(str(path), f"the file is damaged: {error}") from error
    except InvalidPublicKey as error:
        raise SigningKeyUnusable(str(path), f"the file is damaged: {error.why}") from error
    return KeyFile(key, path, None if is_encrypted else data)


def _decode_private(raw: bytes) -> tuple[PublicKey, bool]:
    """Return the public half, which is never encrypted, and whether the private one is."""
    reader = WireReader(raw)
    if reader.take(len(_MAGIC)) != _MAGIC:
        raise WireFault("it does not start as OpenSSH's keys do")
    cipher, _kdf, _options = reader.string(), reader.string(), reader.string()
    if reader.number() != 1:
        raise WireFault("it holds several keys")
    return PublicKey.decode(reader.string()), cipher != b"none"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise SigningKeyUnusable(str(path), error.strerror or str(error)) from error
    if len(data) > MAX_KEY_FILE_BYTES:
        raise SigningKeyUnusable(str(path), "the file is far too long for a key")
    return data


def _refuse_shared(path: Path) -> None:
    status = path.stat()
    if status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) & _OTHERS:
        raise SigningKeyUnusable(
            str(path), "others may read the private key", fix=f"chmod 600 {path}"
        )
