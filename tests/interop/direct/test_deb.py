"""Pinning through the real apt, against a signed archive on loopback."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from eka.atom import DebSource, Label
from eka.direct import (
    AptMissing,
    ArchiveUnavailable,
    DebPinner,
    DirectSourceNotFound,
    UnsupportedSystem,
)
from tests.fakes.debian_archive import SUITE, DebianArchive

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from eka.atom import LockedFile

SYSTEM = "x86_64-linux"
NAME = Label("src")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Generator[DebianArchive]:
    with DebianArchive(tmp_path_factory.mktemp("archive")).serve() as served:
        yield served


@pytest.fixture
def pinner(archive: DebianArchive, tmp_path: Path) -> DebPinner:
    return DebPinner(tmp_path / "apt", archive.archive, os.environ, default_suite=SUITE)


def fetched(file: LockedFile) -> bytes:
    with urlopen(file.download_url) as response:  # noqa: S310 - loopback
        data: bytes = response.read()
    return data


@pytest.mark.spec("deb-closure")
def test_binary_packages_are_pinned_with_all_they_depend_on(pinner: DebPinner) -> None:
    files = pinner.pin(DebSource(NAME, packages=("hello",)), SYSTEM)

    names = [file.path.rpartition("/")[2] for file in files]
    assert [name.partition("_")[0] for name in names] == ["hello", "libhello"]
    assert {file.suite for file in files} == {SUITE}


@pytest.mark.spec("deb-source")
def test_a_source_package_is_pinned_with_its_three_files(pinner: DebPinner) -> None:
    files = pinner.pin(DebSource(NAME, source="tale"), SYSTEM)

    assert [file.path.rpartition(".")[2] for file in files] == ["gz", "dsc", "gz"]


@pytest.mark.spec("deb-pin")
@pytest.mark.parametrize("source", [{"packages": ("hello",)}, {"source": "tale"}])
def test_a_pin_is_fetched_with_nothing_but_http(pinner: DebPinner, source: dict[str, str]) -> None:
    for file in pinner.pin(DebSource(NAME, **source), SYSTEM):  # type: ignore[arg-type]
        data = fetched(file)

        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)


@pytest.mark.parametrize("source", [{"packages": ("nothing",)}, {"source": "nothing"}])
def test_a_name_the_archive_lacks_is_not_found(pinner: DebPinner, source: dict[str, str]) -> None:
    with pytest.raises(DirectSourceNotFound) as caught:
        pinner.pin(DebSource(NAME, **source), SYSTEM)  # type: ignore[arg-type]

    assert caught.value.source == "nothing"


@pytest.mark.parametrize("name", ["-oDebug::NoLocking=1", "--version", "hello=9", "a;touch x"])
def test_a_package_name_is_never_an_option(pinner: DebPinner, name: str, tmp_path: Path) -> None:
    with pytest.raises(DirectSourceNotFound):
        pinner.pin(DebSource(NAME, packages=(name,)), SYSTEM)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["apt"]


def test_a_suite_that_does_not_exist_is_unavailable(pinner: DebPinner) -> None:
    with pytest.raises(ArchiveUnavailable):
        pinner.pin(DebSource(NAME, source="tale", suite="experimental"), SYSTEM)


def test_a_system_debian_does_not_know_is_refused(pinner: DebPinner) -> None:
    with pytest.raises(UnsupportedSystem):
        pinner.pin(DebSource(NAME, source="tale"), "z80-cpm")


@pytest.mark.spec("deb-trust")
def test_an_archive_signed_by_another_key_is_refused(
    archive: DebianArchive, tmp_path: Path
) -> None:
    other = DebianArchive(tmp_path / "other")
    other.mirror = archive.mirror
    pinner = DebPinner(tmp_path / "apt", other.archive, os.environ, default_suite=SUITE)

    with pytest.raises(ArchiveUnavailable):
        pinner.pin(DebSource(NAME, source="tale"), SYSTEM)


@pytest.mark.spec("deb-private")
def test_the_machines_own_apt_configuration_is_not_run(
    archive: DebianArchive, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    hostile = tmp_path / "hostile.conf"
    hostile.write_text(f'APT::Update::Pre-Invoke {{"touch {canary}";}};\n')
    env = {**os.environ, "APT_CONFIG": str(hostile)}
    pinner = DebPinner(tmp_path / "apt", archive.archive, env, default_suite=SUITE)

    pinner.pin(DebSource(NAME, source="tale"), SYSTEM)

    assert not canary.exists()


def test_without_apt_the_error_says_who_needs_it(archive: DebianArchive, tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    pinner = DebPinner(tmp_path / "apt", archive.archive, env, default_suite=SUITE)

    with pytest.raises(AptMissing):
        pinner.pin(DebSource(NAME, source="tale"), SYSTEM)


def test_the_metadata_is_read_once_for_many_sources(
    archive: DebianArchive, pinner: DebPinner
) -> None:
    archive.requests.clear()

    for name in ("hello", "libhello"):
        pinner.pin(DebSource(NAME, packages=(name,)), SYSTEM)

    assert sum(path.endswith("/InRelease") for path in archive.requests) == 1
