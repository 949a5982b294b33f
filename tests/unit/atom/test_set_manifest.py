"""Set manifests; the vectors are in tests/conformance."""

from __future__ import annotations

import pytest

from eka.atom import Aliases, CommitFormat, SetManifest, SourceUrl, parse_set_manifest
from eka.errors import EkaError
from tests.vectors import FIXTURES


def read(text: str) -> SetManifest:
    """Read a set manifest."""
    return parse_set_manifest(text.encode(), "ekala.toml")


@pytest.mark.spec("set-packages", "set-remote", "set-format", "set-mirrors", "set-metadata")
def test_a_set_manifest_is_read() -> None:
    found = read((FIXTURES / "set-manifest/golden/full.toml").read_text(encoding="utf-8"))

    assert found.packages == ("pkgs/*", "apps/**/tool-[0-9]", "apps/größe", "x?")
    assert found.remote == "origin"
    assert found.format is CommitFormat.PRE1
    assert found.mirrors[2] == SourceUrl("https", "github.com", "/owner/repo")
    assert found.metadata["tags"] == ["one", "two:three"]


@pytest.mark.spec("set-format")
def test_what_is_not_said_has_a_default() -> None:
    assert read("[set]\npackages = []\n") == SetManifest()
    assert SetManifest().format is CommitFormat.V2


@pytest.mark.spec("set-format")
@pytest.mark.parametrize(
    "commit_format", [CommitFormat.V2, CommitFormat.PRE1, CommitFormat.PRE1_0]
)
def test_every_writable_format_can_be_chosen(commit_format: CommitFormat) -> None:
    found = read(f'[set]\npackages = []\nformat = "{commit_format.value}"\n')

    assert found.format is commit_format


@pytest.mark.spec("set-remote")
@pytest.mark.parametrize(
    "remote", ["origin", "team/fork", "gh:owner/repo", "ssh://git@a.org/x", "../set.git"]
)
def test_a_remote_is_a_name_or_an_address(remote: str) -> None:
    assert read(f'[set]\npackages = []\nremote = "{remote}"\n').remote == remote


def test_the_callers_aliases_count() -> None:
    text = b'[set]\npackages = []\nmirrors = ["corp:set"]\n'

    found = parse_set_manifest(text, "ekala.toml", Aliases({"corp": "a.org"}))

    assert found.mirrors == (SourceUrl("https", "a.org", "/set"),)
    with pytest.raises(EkaError) as caught:
        parse_set_manifest(text, "ekala.toml")
    assert caught.value.code == "unknown-alias"
