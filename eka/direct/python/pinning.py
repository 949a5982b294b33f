"""Chosen wheels into pins: where each is, how large, and that it is what the lock file says."""

from __future__ import annotations

from eka.atom import LockedFile
from eka.checking import TYPE_CHECKING
from eka.direct.errors import DirectSourceNotFound, UrlUnavailable
from eka.direct.python.entry import file_of, is_web
from eka.direct.python.errors import PackageIndexUnavailable, WheelMismatch, WheelNotFound
from eka.direct.python.index import ACCEPT, MAX_PAGE_BYTES, Listed, parse_page
from eka.direct.url import chunks, measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.direct.python.selection import Chosen
    from eka.direct.url import OpenUrl

MAX_WHEEL_BYTES = 16 << 30


class WheelPinner:
    """Makes pins of wheels; each page of an index is read once.

    Args:
        index: The address of the index for packages whose lock file names none.
        open_url: Gives the body of a URL in chunks.
        step: Told what is going on.
        sizes: Of files that are known already, by SHA-256, in bytes; what is learned is added.
    """

    def __init__(
        self,
        index: str,
        open_url: OpenUrl,
        step: Callable[[str], None],
        sizes: dict[str, int] | None = None,
    ) -> None:
        self._index = index
        self._sizes = {} if sizes is None else sizes
        self._open_url = open_url
        self._step = step
        self._pages: dict[str, dict[str, Listed]] = {}

    def pin(self, chosen: Chosen) -> LockedFile:
        """Return the pin of a wheel; the hash of the lock file is kept and held against it.

        Raises:
            WheelNotFound: the index does not list it, or nothing is at its address.
            WheelMismatch: the index has another file under its name.
            PackageIndexUnavailable: it cannot be asked.

        Source: atom-spec/direct.md [pypi-pin].
        """
        wheel, package = chosen.wheel, chosen.package
        listed = Listed(url=wheel.url, size=wheel.size) if wheel.url else self._listed(chosen)
        if not is_web(listed.url):
            why = "only http and https addresses can be pinned"
            raise PackageIndexUnavailable(listed.url, why)
        if listed.sha256 not in ("", wheel.sha256):
            raise WheelMismatch(listed.url, expected=wheel.sha256, found=listed.sha256)
        size = self._sizes.get(wheel.sha256) if listed.size is None else listed.size
        if size is None:
            size = self._measured(listed.url, wheel.sha256, wheel.file)
        self._sizes[wheel.sha256] = size
        return LockedFile(
            url=listed.url,
            path="",
            suite="",
            size=size,
            sha256=wheel.sha256,
            name=package.name,
            version=package.version,
        )

    def _listed(self, chosen: Chosen) -> Listed:
        index = (chosen.package.index or self._index).rstrip("/")
        url = f"{index}/{chosen.package.name}/"
        file = chosen.wheel.file
        if url not in self._pages:
            self._step(f"asking the package index for {chosen.package.name}")
            try:
                page = chunks(url, self._open_url, max_bytes=MAX_PAGE_BYTES, accept=ACCEPT)
                self._pages[url] = parse_page(b"".join(page), url)
            except DirectSourceNotFound as error:
                why = f"it has no package {chosen.package.name}"
                raise WheelNotFound(index, file, why) from error
            except UrlUnavailable as error:
                raise PackageIndexUnavailable(url, error.why) from error
        found = self._pages[url].get(file)
        if found is None:
            raise WheelNotFound(index, file, "no file of this name is listed")
        if file_of(found.url) != file:
            raise WheelNotFound(index, file, "its address ends in another name")
        return found

    def _measured(self, url: str, sha256: str, file: str) -> int:
        """Download a wheel to learn its size; that its bytes are right is learned as well."""
        self._step(f"downloading {file} to learn its size")
        try:
            found = measure(url, self._open_url, max_bytes=MAX_WHEEL_BYTES)
        except DirectSourceNotFound as error:
            raise WheelNotFound(url, file, "nothing is there any more") from error
        except UrlUnavailable as error:
            raise PackageIndexUnavailable(url, error.why) from error
        if found.sha256 != sha256:
            raise WheelMismatch(url, expected=sha256, found=found.sha256)
        return found.size
