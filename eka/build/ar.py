"""Debian binary packages: an ``ar`` archive of which only ``data.tar.*`` is wanted."""

from __future__ import annotations

from eka.build.errors import BrokenArchive, UnsupportedArchive
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.build.inflate import Reader

_MAGIC = b"!<arch>\n"
_HEADER_BYTES = 60
_MAX_MEMBERS = 64
_SKIP_BYTES = 1 << 18


class Section:
    """A part of a stream, read as a stream of its own."""

    def __init__(self, source: Reader, size: int, archive: str) -> None:
        self._source, self._left, self._archive = source, size, archive

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at the end of the section."""
        if not self._left or not size:
            return b""
        data = self._source.read(min(size, self._left))
        if not data:
            raise BrokenArchive(self._archive, "it ends too early")
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """Read the rest of the section away."""
        while self.read(_SKIP_BYTES):
            pass


def deb_payload(source: Reader, archive: str) -> Section:
    """Return the (compressed) tar stream of the files in a Debian binary package."""
    if Section(source, len(_MAGIC), archive).read(len(_MAGIC)) != _MAGIC:
        raise BrokenArchive(archive, "it is not a Debian package")
    for position in range(_MAX_MEMBERS):
        name, section = _next(source, archive)
        if position == 0:
            _check_version(name, section, archive)
        elif name == b"data.tar" or name.startswith(b"data.tar."):
            return section
        section.skip()
    raise BrokenArchive(archive, "it has no data.tar")


def _next(source: Reader, archive: str) -> tuple[bytes, Section]:
    header = b""
    while len(header) < _HEADER_BYTES:
        more = source.read(_HEADER_BYTES - len(header))
        if not more:
            raise BrokenArchive(archive, "it has no data.tar")
        header += more
    digits = header[48:58].strip()
    if header[58:] != b"`\n" or not digits.isdigit():
        raise BrokenArchive(archive, "a member header makes no sense")
    size = int(digits)
    return header[:16].rstrip().rstrip(b"/"), _Padded(source, size, archive)


class _Padded(Section):
    """A section whose `skip` also reads the byte that makes its size even."""

    def __init__(self, source: Reader, size: int, archive: str) -> None:
        super().__init__(source, size, archive)
        self._odd = size % 2

    def skip(self) -> None:
        super().skip()
        if self._odd:
            self._source.read(1)


def _check_version(name: bytes, section: Section, archive: str) -> None:
    if name != b"debian-binary" or not section.read(16).startswith(b"2."):
        raise UnsupportedArchive(archive, "it is not a Debian package of format 2")
