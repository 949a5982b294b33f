from __future__ import annotations

import io

import pytest

from eka.build.ar import deb_payload
from eka.build.errors import BrokenArchive, UnsupportedArchive
from tests.fakes.archives import ar

FORMAT = ("debian-binary", b"2.0\n")


def payload(data: bytes) -> bytes:
    section = deb_payload(io.BytesIO(data), "x.deb")
    return b"".join(iter(lambda: section.read(3), b""))


def test_the_payload_is_the_data_member_alone() -> None:
    data = ar(FORMAT, ("control.tar.xz", b"odd"), ("data.tar.xz", b"files"), ("_gpg", b"later"))

    assert payload(data) == b"files"


def test_a_member_name_may_end_in_a_slash() -> None:
    assert payload(ar(("debian-binary/", b"2.0\n"), ("data.tar/", b"files"))) == b"files"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not an archive at all",
        ar(FORMAT),
        ar(FORMAT, ("control.tar", b"x")),
        ar(FORMAT, ("data.tar", b"0123456789"))[:-3],
        ar(FORMAT, ("control.tar", b"0123456789"))[:-3],
        ar(FORMAT)[:30],
        ar(FORMAT, ("data.tar", b"x")).replace(b"`\n", b"!!"),
        ar(FORMAT, *[("other", b"")] * 100),
    ],
)
def test_a_package_without_data_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenArchive):
        payload(data)


@pytest.mark.parametrize("first", [("debian-binary", b"3.0\n"), ("data.tar", b"x")])
def test_another_format_is_unsupported(first: tuple[str, bytes]) -> None:
    with pytest.raises(UnsupportedArchive):
        payload(ar(first, ("data.tar", b"files")))
