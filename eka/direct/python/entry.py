"""One table of a foreign file, read key by key; what eka has no use for is passed over."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from eka.checking import TYPE_CHECKING, cast
from eka.direct.python.errors import ForeignLockInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WEB = ("http", "https")
MAX_ENTRIES = 20_000  # in one table or array
MAX_TEXT_CHARACTERS = 8192
_SEPARATORS = re.compile(r"[-_.]+")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,127}", re.ASCII)
_SHA256 = re.compile(r"sha256[:=](?P<digits>[0-9a-fA-F]{64})")


class Entry:
    """A table; wrong types raise `ForeignLockInvalid` with their place."""

    def __init__(self, where: str, data: object) -> None:
        if not isinstance(data, dict):
            raise ForeignLockInvalid(where, "expected a table")
        self.where = where
        self._data = cast("Mapping[str, object]", data)
        if len(self._data) > MAX_ENTRIES:
            raise ForeignLockInvalid(where, f"more than {MAX_ENTRIES} keys")

    def has(self, key: str) -> bool:
        """Whether a key is there."""
        return key in self._data

    def raw(self, key: str) -> object:
        """Return a value as TOML has it, or None."""
        return self._data.get(key)

    def __iter__(self) -> Iterator[str]:
        """Yield all keys."""
        yield from self._data

    def fault(self, key: str, why: str) -> ForeignLockInvalid:
        """Return an error at the place of a key."""
        return ForeignLockInvalid(f"{self.where}.{key}", why)

    def text(self, key: str) -> str:
        """Return a string; empty where there is none."""
        value = self._data.get(key, "")
        if not isinstance(value, str):
            raise self.fault(key, "expected a string")
        if len(value) > MAX_TEXT_CHARACTERS:
            raise self.fault(key, f"longer than {MAX_TEXT_CHARACTERS} characters")
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean; False where there is none."""
        value = self._data.get(key, False)
        if not isinstance(value, bool):
            raise self.fault(key, "expected true or false")
        return value

    def size(self, key: str) -> int | None:
        """Return a number of bytes, or None."""
        value = self._data.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(key, "expected a number of bytes")
        return value

    def array(self, key: str) -> list[object]:
        """Return the elements of an array; none where it is absent."""
        value = self._data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fault(key, "expected an array")
        elements = cast("list[object]", value)
        if len(elements) > MAX_ENTRIES:
            raise self.fault(key, f"more than {MAX_ENTRIES} elements")
        return elements

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the strings of an array."""
        found: list[str] = []
        for item in self.array(key):
            if not isinstance(item, str) or len(item) > MAX_TEXT_CHARACTERS:
                raise self.fault(key, "expected strings")
            found.append(item)
        return tuple(found)

    def entries(self, key: str) -> Iterator[Entry]:
        """Yield the tables of an array."""
        for number, item in enumerate(self.array(key), start=1):
            yield Entry(f"{self.where}.{key}[{number}]", item)

    def table(self, key: str) -> Entry:
        """Return a table below this one; an empty one where it is absent."""
        return Entry(f"{self.where}.{key}", self._data.get(key, {}))

    def name(self, key: str = "name") -> str:
        """Return the name of a package in its normal form."""
        return self.normal(key, self.text(key))

    def normal(self, key: str, text: str) -> str:
        """Return the normal form of a name that stands at ``key``."""
        if _NAME.fullmatch(text) is None:
            raise self.fault(key, f"{text[:128]!r} is not a name of Python packaging")
        return _SEPARATORS.sub("-", text).lower()

    def names(self, key: str) -> tuple[str, ...]:
        """Return the names in an array in their normal form."""
        return tuple(self.normal(key, text) for text in self.texts(key))

    def version(self) -> str:
        """Return the version of a package; empty where there is none."""
        text = self.text("version")
        if text and _VERSION.fullmatch(text) is None:
            raise self.fault("version", f"{text[:128]!r} is not a version")
        return text


def file_of(url: str) -> str:
    """Return the last part of a URL's path; empty where there is none, or it makes no sense."""
    try:
        return unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        return ""


def is_web(url: str) -> bool:
    """Tell whether an address is http or https, and makes sense."""
    try:
        return urlsplit(url).scheme in WEB
    except ValueError:
        return False


def sha256_of(text: str) -> str:
    """Return the digits of ``sha256:…``; empty for other hashes."""
    match = _SHA256.fullmatch(text)
    return match["digits"].lower() if match else ""
