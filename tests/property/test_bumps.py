"""Laws of new versions: they go up, requirements accept them, and files keep their other bytes."""

from __future__ import annotations

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.atom import (
    InvalidVersion,
    Requirement,
    Version,
    VersionPart,
    followed_requirement,
    next_in_kind,
    next_version,
    parse_manifest,
)
from eka.atom.edit import set_version
from tests.property.test_edits import manifests
from tests.strategies import requirements, versions


@pytest.mark.spec("bump-version")
@given(versions(), st.sampled_from(VersionPart))
def test_the_next_version_is_higher(version: Version, part: VersionPart) -> None:
    try:
        following = next_version(version, part), next_in_kind(version, part)
    except InvalidVersion:  # its numbers or letters are as many as there may be
        return

    assert all(each > version for each in following)
    assert following[1].is_prerelease == version.is_prerelease


@pytest.mark.spec("bump-requirement")
@given(requirements(), versions())
def test_a_requirement_that_follows_accepts_the_version(
    requirement: Requirement, version: Version
) -> None:
    found = followed_requirement(requirement, version)

    assert found is None or found.matches(version)
    if requirement.matches(version):
        assert found == requirement


@pytest.mark.spec("bump-bytes")
@given(manifests(), versions())
def test_only_the_letters_of_the_version_change(text: str, version: Version) -> None:
    before = parse_manifest(text.encode(), "atom.toml")

    edited = set_version(text, version)

    assert parse_manifest(edited.encode(), "atom.toml").package.version == version
    assert tomllib.loads(set_version(edited, before.package.version)) == tomllib.loads(text)
    old = before.package.version.text
    places = [match.start() for match in re.finditer(re.escape(old), text)]
    assert edited in {text[:at] + version.text + text[at + len(old) :] for at in places}


@pytest.mark.spec("bump-bytes")
@pytest.mark.parametrize("quote", ['"', "'", '"""', "'''"])
def test_quotes_stay_as_they_are(quote: str) -> None:
    text = f"[package]\r\nversion   =  {quote}1.0.0{quote}   # the first\r\nlabel = 'a'\r\n"

    edited = set_version(text, Version.parse("1.0.1"))

    assert edited == text.replace("1.0.0", "1.0.1")
