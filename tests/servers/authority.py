"""A private certificate authority, and a server certificate for the loopback interface."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NEW_KEY = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-batch")


@dataclass(frozen=True, slots=True)
class Authority:
    """Files in PEM format."""

    ca_file: Path
    """What a client must trust: the authority's certificate."""
    certificate: Path
    """The server's certificate, for 127.0.0.1 and localhost."""
    key: Path
    """The server's private key."""


def authority(directory: Path) -> Authority:
    """Make an authority in ``directory``, trusted by nobody yet."""
    directory.mkdir(parents=True, exist_ok=True)
    ca_file, ca_key = directory / "ca.pem", directory / "ca.key"
    made = Authority(ca_file, directory / "server.pem", directory / "server.key")
    _openssl("-keyout", str(ca_key), "-out", str(ca_file), "-subj", "/CN=tests authority")
    _openssl(
        "-keyout", str(made.key), "-out", str(made.certificate), "-subj", "/CN=localhost",
        "-CA", str(ca_file), "-CAkey", str(ca_key),
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-addext", "basicConstraints=critical,CA:FALSE",
    )  # fmt: skip
    return made


def _openssl(*words: str) -> None:
    subprocess.run(["openssl", "req", *_NEW_KEY, *words], check=True, capture_output=True)
