"""``eka doctor`` finds what is missing and says how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Eka


def by_name(document: dict[str, list[dict[str, str]]]) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in document["findings"]}


def test_a_whole_machine_is_healthy(eka: Eka) -> None:
    ran = eka("doctor", "--json")

    document = ran.checked("doctor")
    assert ran.status == 0
    assert document["healthy"]
    found = by_name(document)
    assert found["git"]["health"] == "ok"
    assert found["sandbox: network isolation"]["health"] == "ok"


def test_without_git_nothing_works(eka: Eka, tmp_path: Path) -> None:
    ran = eka("doctor", "--json", PATH=str(tmp_path))

    found = by_name(ran.checked("doctor"))
    assert ran.status == 1
    assert found["git"]["health"] == "failure"
    assert found["sandbox: bubblewrap"]["health"] == "warning"
    assert found["apt"]["health"] == "warning"
    assert all(found[name]["fix"] for name in ("git", "sandbox: bubblewrap", "apt"))


@pytest.mark.parametrize(("script", "health"), [
    ("echo git version 2.39.5", "ok"),
    ("echo git version 3.0.0", "ok"),
    ("echo git version 2.17.1", "warning"),
    ("echo what", "warning"),
    ("exit 1", "failure"),
])  # fmt: skip
def test_the_version_of_git_matters(eka: Eka, tmp_path: Path, script: str, health: str) -> None:
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)

    ran = eka("doctor", "--json", PATH=str(tmp_path))

    assert by_name(ran.document)["git"]["health"] == health


def test_a_directory_that_cannot_be_made_is_a_failure(eka: Eka, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    ran = eka("doctor", "--json", EKA_STORE_DIR=str(tmp_path / "file/store"))

    store = by_name(ran.document)["store"]
    assert (ran.status, store["health"]) == (1, "failure")
    assert "EKA_STORE_DIR" in store["fix"]


def test_a_circle_of_aliases_is_found(eka: Eka, tmp_path: Path) -> None:
    config = tmp_path / "home/.config/eka/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[aliases]\na = 'b:x'\nb = 'a:y'\n", encoding="utf-8")

    ran = eka("doctor", "--json")

    assert by_name(ran.document)["aliases"]["health"] == "warning"
    assert ran.document["config_files"] == [str(config)]
    assert set(ran.document["aliases"]) == {"a", "b"}


def test_settings_are_shown_with_their_origin(eka: Eka) -> None:
    ran = eka("doctor", EKA_JOBS="3")

    row = next(line for line in ran.stdout.splitlines() if line.startswith("build.jobs"))
    assert row.split() == ["build.jobs", "3", "EKA_JOBS"]
