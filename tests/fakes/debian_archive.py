"""A signed Debian archive on loopback, small enough to be made for every test run.

Suite ``sid`` holds ``hello`` (needs ``libhello``), ``libhello``, and the source package ``tale``.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from eka.direct import Archive

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SUITE = "sid"
VERSION = "1:2.0+b1"
FILE_VERSION = "2.0+b1"


class DebianArchive:
    """An archive below ``root``; its key lives beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "debian"
        self.keys = root / "keys"
        self.keyring = root / "archive.gpg"
        self.requests: list[str] = []
        self.mirror = ""
        self.keys.mkdir(parents=True, mode=0o700)
        self._make_key()
        records = [
            self.deb("libhello", {"usr/lib/libhello": b"library\n"}),
            self.deb("hello", {"usr/bin/hello": b"program\n"}, depends="libhello (>= 1)"),
        ]
        self._index("binary-amd64/Packages", "\n".join(records))
        self._index("source/Sources", self._source())
        self.sign()

    @property
    def archive(self) -> Archive:
        """The archive as eka's settings describe one."""
        return Archive(mirror=self.mirror, security_mirror="", keyring=str(self.keyring))

    def deb(self, name: str, files: dict[str, bytes], *, depends: str = "") -> str:
        """Make a package and return its record."""
        control = (
            f"Package: {name}\nVersion: {VERSION}\nArchitecture: amd64\n"
            f"Maintainer: Nobody <nobody@example.org>\nDescription: test\n"
            + (f"Depends: {depends}\n" if depends else "")
        )
        stage = self.root.parent / "stage" / name
        (stage / "DEBIAN").mkdir(parents=True)
        (stage / "DEBIAN" / "control").write_text(control)
        for path, data in files.items():
            (stage / path).parent.mkdir(parents=True, exist_ok=True)
            (stage / path).write_bytes(data)
        path = f"pool/main/{name[0]}/{name}/{name}_{FILE_VERSION}_amd64.deb"
        target = self.root / path
        target.parent.mkdir(parents=True)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-b", str(stage), str(target)]
        subprocess.run(command, check=True, capture_output=True)
        data = target.read_bytes()
        return (
            f"{control}Filename: {path}\nSize: {len(data)}\n"
            f"MD5sum: {hashlib.md5(data, usedforsecurity=False).hexdigest()}\n"
            f"SHA256: {_sha256(data)}\n"
        )

    def sign(self) -> None:
        """Write the release file over all indices, signed."""
        suite = self.root / "dists" / SUITE
        names = sorted(path for path in suite.glob("main/*/*") if path.is_file())
        lines = "".join(
            f" {_sha256(path.read_bytes())} {path.stat().st_size} {path.relative_to(suite)}\n"
            for path in names
        )
        text = (
            f"Origin: Test\nSuite: {SUITE}\nCodename: {SUITE}\nArchitectures: amd64\n"
            f"Components: main\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n{lines}"
        )
        self._gpg("--clearsign", "--output", str(suite / "InRelease"), "--yes", stdin=text)

    @contextmanager
    def serve(self) -> Generator[DebianArchive]:
        """Serve the archive on loopback while the block runs."""
        handler = partial(_Handler, self.requests, directory=str(self.root))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            self.mirror = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def _source(self) -> str:
        pool = self.root / "pool/main/t/tale"
        pool.mkdir(parents=True)
        files = {
            "tale_1.0.orig.tar.gz": _tar({"tale-1.0/story": b"once upon a time\n"}),
            "tale_1.0-1.debian.tar.gz": _tar({"debian/control": b"Source: tale\n"}),
        }
        files["tale_1.0-1.dsc"] = (
            "Format: 3.0 (quilt)\nSource: tale\nBinary: tale\nArchitecture: all\n"
            "Version: 1.0-1\nFiles:\n" + _sums(files, "md5")
        ).encode()
        for name, data in files.items():
            (pool / name).write_bytes(data)
        return (
            "Package: tale\nBinary: tale\nVersion: 1.0-1\nArchitecture: all\n"
            "Maintainer: Nobody <nobody@example.org>\nFormat: 3.0 (quilt)\n"
            f"Directory: pool/main/t/tale\nFiles:\n{_sums(files, 'md5')}"
            f"Checksums-Sha256:\n{_sums(files, 'sha256')}"
        )

    def _index(self, name: str, text: str) -> None:
        path = self.root / "dists" / SUITE / "main" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)

    def _make_key(self) -> None:
        self._gpg("--passphrase", "", "--quick-generate-key", "test", "ed25519", "sign", "0")
        self.keyring.write_bytes(self._gpg("--export"))

    def _gpg(self, *words: str, stdin: str = "") -> bytes:
        command = ["gpg", "--batch", "--quiet", "--homedir", str(self.keys), *words]
        done = subprocess.run(command, input=stdin.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, requests: list[str], *args: object, directory: str) -> None:
        self._requests = requests
        super().__init__(*args, directory=directory)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        del format, args
        self._requests.append(self.path)


def _tar(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def _sums(files: dict[str, bytes], algorithm: str) -> str:
    return "".join(
        f" {hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()} {len(data)} {name}\n"
        for name, data in files.items()
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
