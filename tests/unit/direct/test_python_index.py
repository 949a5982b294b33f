"""Pages of package indexes, pins of wheels, and what pip reports."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from eka.atom import Label, LockedFile, PypiSource
from eka.direct import (
    ForeignLockInvalid,
    PackageIndexUnavailable,
    WheelMismatch,
    WheelNotFound,
    WheelPinner,
    choose_wheels,
    resolve_requirements,
)
from eka.direct.python.index import parse_page
from eka.direct.python.model import Package, Wheel
from eka.direct.python.selection import Chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.direct import Pip

URL = "https://i.org/simple/demo/"
FILE = "demo-1-py3-none-any.whl"
DATA = b"the wheel"
SHA = hashlib.sha256(DATA).hexdigest()


class Site:
    """Answers requests from a dictionary, and remembers them."""

    def __init__(self, **pages: bytes) -> None:
        self.pages = {f"https://i.org/{key}": page for key, page in pages.items()}
        self.asked: list[str] = []

    def __call__(self, url: str, /, *, accept: str = "") -> Iterable[bytes]:
        self.asked.append(url)
        assert (url.endswith("/")) == bool(accept)  # pages have forms, files have none
        if url not in self.pages:
            raise FileNotFoundError(url)
        if self.pages[url] == b"down":
            raise OSError("down")
        yield self.pages[url]


def site(page: str, data: bytes = DATA) -> Site:
    """Return a site with one page of an index and one wheel."""
    made = Site()
    made.pages = {URL: page.encode(), f"https://i.org/files/{FILE}": data}
    return made


def pinned(
    place: Site, *, url: str = "", size: int | None = None, sha256: str = SHA
) -> LockedFile:
    """Return the pin of the wheel."""
    wheel = Wheel(file=FILE, sha256=sha256, url=url, size=size)
    package = Package(name="demo", version="1", wheels=(wheel,), index="https://i.org/simple/")
    return WheelPinner("https://other.org", place, lambda _: None).pin(Chosen(package, wheel))


def link(fragment: str = f"#sha256={SHA}", file: str = FILE) -> str:
    return f'<html><a name="top">x</a><a href="../../files/{file}{fragment}">{file}</a></html>'


@pytest.mark.spec("pypi-pin")
def test_the_index_of_the_lock_tells_where_a_wheel_is() -> None:
    place = site(link())

    pin = pinned(place)

    assert (pin.url, pin.size, pin.sha256) == (f"https://i.org/files/{FILE}", len(DATA), SHA)
    assert (pin.name, pin.version) == ("demo", "1")
    assert place.asked == [URL, pin.url]


@pytest.mark.spec("pypi-pin")
def test_an_index_that_says_sizes_saves_the_download() -> None:
    files = [{"filename": FILE, "url": f"/files/{FILE}", "hashes": {"sha256": SHA}, "size": 9}]
    place = site(json.dumps({"files": [*files, {"filename": 3}, 4]}))

    pin = pinned(place)

    assert (pin.url, pin.size) == (f"https://i.org/files/{FILE}", 9)
    assert place.asked == [URL]


@pytest.mark.spec("pypi-pin")
def test_a_lock_that_says_all_needs_no_network() -> None:
    place = Site()

    pin = pinned(place, url=f"https://w.org/{FILE}", size=3)

    assert (pin.url, pin.size) == (f"https://w.org/{FILE}", 3)
    assert place.asked == []


def test_a_file_is_asked_for_its_size_once() -> None:
    place, sizes = site(link("")), dict[str, int]()
    wheel = Wheel(file=FILE, sha256=SHA)
    package = Package(name="demo", version="1", wheels=(wheel,), index="https://i.org/simple/")

    for _ in range(2):
        pin = WheelPinner("https://i.org", place, lambda _: None, sizes).pin(
            Chosen(package, wheel)
        )
        assert pin.size == len(DATA)

    assert place.asked == [URL, f"https://i.org/files/{FILE}", URL]


@pytest.mark.spec("pypi-pin")
def test_the_hash_of_the_lock_is_held_against_index_and_file() -> None:
    with pytest.raises(WheelMismatch):
        pinned(site(link(f"#sha256={'b' * 64}")))
    with pytest.raises(WheelMismatch) as caught:
        pinned(site(link(""), b"other"))

    assert caught.value.expected == SHA


@pytest.mark.parametrize("page", [link(file="demo-2.whl"), "<html></html>", '{"files": 3}', "{}"])
def test_a_wheel_that_is_not_listed_is_not_found(page: str) -> None:
    with pytest.raises(WheelNotFound):
        pinned(site(page))


def test_what_an_index_has_not_is_not_found() -> None:
    with pytest.raises(WheelNotFound):
        pinned(Site())
    with pytest.raises(WheelNotFound):
        pinned(Site(), url=f"https://i.org/{FILE}")


def test_an_address_must_end_in_the_name_of_the_wheel() -> None:
    listed = {"filename": FILE, "url": "/files/other.whl", "hashes": {"sha256": SHA}, "size": 9}

    with pytest.raises(WheelNotFound):
        pinned(site(json.dumps({"files": [listed]})))


@pytest.mark.parametrize("page", ["{", '{"a": ' * 100_000, "down"])
def test_an_index_that_answers_nonsense_is_unavailable(page: str) -> None:
    with pytest.raises(PackageIndexUnavailable):
        pinned(site(page))


def test_only_the_web_is_asked() -> None:
    with pytest.raises(PackageIndexUnavailable):
        pinned(Site(), url=f"file:///{FILE}", size=3)
    with pytest.raises(PackageIndexUnavailable):
        pinned(site("down", b"down"), url=f"https://i.org/files/{FILE}")


def test_links_that_make_no_sense_are_passed_over() -> None:
    assert parse_page(b'<a href="http://[">x</a><a href="/">y</a><a>z</a>', URL) == {}


class FakePip:
    """Reports what it was given."""

    def __init__(self, *packages: dict[str, object]) -> None:
        self.packages = packages
        self.arguments: Sequence[str] = ()

    def report(self, arguments: Sequence[str], version: str) -> bytes:
        self.arguments = [version, *arguments]
        return json.dumps({"version": "1", "install": self.packages}).encode()


def reported(
    name: str, *needs: str, url: str = "", extras: Sequence[str] = ()
) -> dict[str, object]:
    file = f"{name}-1-py3-none-any.whl"
    return {
        "download_info": {
            "url": url or f"https://w.org/{file}",
            "archive_info": {"hash": f"sha256={SHA}", "hashes": {"sha256": SHA}},
        },
        "metadata": {
            "name": name, "version": "1", "requires_dist": list(needs),
            "provides_extra": list(extras),
        },
    }  # fmt: skip


def resolved(pip: FakePip, *requirements: str) -> list[str]:
    """Return the packages that requirements come to."""
    source = PypiSource(name=Label("site"), requirements=requirements, python="3.11")
    found = resolve_requirements(source, "x86_64-linux", as_pip(pip))
    return [each.package.name for each in choose_wheels(found, source, "x86_64-linux", "x")]


def as_pip(pip: FakePip) -> Pip:
    return pip  # type: ignore[return-value] # it has the one method that is used


@pytest.mark.spec("pypi-requirements")
def test_what_pip_finds_is_followed_by_markers() -> None:
    pip = FakePip(
        reported(
            "flask", "jinja2>=3", "colorama ; sys_platform == 'win32'", "dotenv ; extra == 'x'",
            extras=["x"],
        ),
        reported("jinja2"), reported("dotenv"),
    )  # fmt: skip

    assert resolved(pip, "flask>=3") == ["flask", "jinja2"]
    assert resolved(pip, "flask[x]>=3") == ["dotenv", "flask", "jinja2"]
    assert pip.arguments[0] == "3.11"
    assert pip.arguments[-2:] == ["--", "flask[x]>=3"]
    assert "manylinux_2_28_x86_64" in pip.arguments
    assert "manylinux2014_x86_64" in pip.arguments


@pytest.mark.spec("pypi-requirements")
@pytest.mark.parametrize("text", ["flask >>> 3", "flask[", "flask ; x"])
def test_requirements_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ForeignLockInvalid):
        resolved(FakePip(), text)
