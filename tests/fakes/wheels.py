"""Wheels made by hand, well-formed and hostile, without touching a disk."""

from __future__ import annotations

import hashlib
import io
import zipfile
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

METADATA = "Metadata-Version: 2.1\nName: {}\nVersion: {}\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What goes into a wheel; each part can be wrong."""

    name: str = "demo"
    version: str = "1.0"
    files: dict[str, bytes] = field(default_factory=lambda: {"demo/__init__.py": b"x = 1\n"})
    entry_points: str = ""
    wheel: str = WHEEL
    record: dict[str, str] = field(default_factory=dict[str, str])  # rows that are replaced
    left_out: frozenset[str] = frozenset()  # of the record
    more: str = ""  # lines of the record
    executable: frozenset[str] = frozenset()
    metadata: dict[str, str] = field(default_factory=dict[str, str])  # texts in place of its own
    info: str = ""  # the directory of metadata; default: as the name and version say

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}-{self.version}-py3-none-any.whl"

    def build(self) -> bytes:
        """Return the wheel."""
        info = self.info or f"{self.name}-{self.version}.dist-info"
        files = dict(self.files)
        files[f"{info}/METADATA"] = METADATA.format(self.name, self.version).encode()
        files.update({path: text.encode() for path, text in self.metadata.items()})
        if self.wheel:
            files[f"{info}/WHEEL"] = self.wheel.encode()
        if self.entry_points:
            files[f"{info}/entry_points.txt"] = self.entry_points.encode()
        rows = [
            f"{path},{self.record.get(path, row_hash(data))},{len(data)}\n"
            for path, data in files.items()
            if path not in self.left_out
        ]
        files[f"{info}/RECORD"] = ("".join(rows) + f"{info}/RECORD,,\n{self.more}").encode()
        return zipped(files, self.executable)


def row_hash(data: bytes, method: str = "sha256") -> str:
    """Return a hash as a RECORD has it."""
    digits = urlsafe_b64encode(hashlib.new(method, data).digest()).decode().rstrip("=")
    return f"{method}={digits}"


def zipped(files: dict[str, bytes], executable: frozenset[str] = frozenset()) -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if path in executable else 0o644
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data)
    return out.getvalue()
