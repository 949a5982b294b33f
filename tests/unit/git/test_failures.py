"""git's complaints are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import ObjectId, SourceUrl
from eka.git.failures import fetch_failure, source_failure

if TYPE_CHECKING:
    from eka.errors import EkaError

URL = SourceUrl("https", "example.org", "/set", "me", "s3cret")
OID = ObjectId("a" * 40)


@pytest.mark.parametrize(
    ("stderr", "code", "status"),
    [
        (b"fatal: repository 'https://example.org/x/' not found\n", "source-not-found", 3),
        (b"fatal: '/x' does not appear to be a git repository\n", "source-not-found", 3),
        (b"ERROR: Repository not found.\n", "source-not-found", 3),
        (b"remote: access denied or repository not exported: /x", "source-not-found", 3),
        (
            b"fatal: could not read Username for 'https://h': terminal prompts disabled",
            "access-denied",
            4,
        ),
        (b"git@h: Permission denied (publickey).", "access-denied", 4),
        (b"fatal: unable to access 'https://h/': error: 403", "network-failed", 4),
        (b"The requested URL returned error: 403", "access-denied", 4),
        (b"ssh: Could not resolve hostname h", "network-failed", 4),
        (b"", "network-failed", 4),
        (
            b"fatal: detected dubious ownership in repository at '/srv/x'\n",
            "unsafe-ownership",
            1,
        ),
    ],
)
def test_a_source_that_does_not_answer(stderr: bytes, code: str, status: int) -> None:
    error = source_failure(URL, stderr)

    assert (error.code, error.exit_status) == (code, status)


@pytest.mark.parametrize(
    ("stderr", "code", "status"),
    [
        (b"upload-pack: not our ref " + OID.hex.encode(), "objects-unavailable", 3),
        (
            b"error: Server does not allow request for unadvertised object " + OID.hex.encode(),
            "objects-unavailable",
            3,
        ),
        (b"error: object aa: hasDotgit: contains '.git'", "refused-objects", 5),
        (b"fatal: fsck error in packed object", "refused-objects", 5),
        (b"ssh: connect to host h port 22: Connection refused", "network-failed", 4),
    ],
)
def test_a_fetch_that_fails(stderr: bytes, code: str, status: int) -> None:
    error = fetch_failure(URL, [OID], stderr)

    assert (error.code, error.exit_status) == (code, status)


@pytest.mark.parametrize(
    "stderr", [b"", b"fatal: could not read from https://me:s3cret@example.org/x"]
)
def test_no_error_shows_a_password(stderr: bytes) -> None:
    errors: list[EkaError] = [source_failure(URL, stderr), fetch_failure(URL, [OID], stderr)]

    for error in errors:
        assert "s3cret" not in f"{error} {error.fix} {error.__dict__}"
