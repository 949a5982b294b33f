"""Why a line is not met."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import Requirement, Version
from eka.resolve import NoMatchingVersion
from eka.resolve.unmet import why_unmet
from tests.fakes.versions import resolve, world

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.spec("resolution-cause")
@pytest.mark.parametrize(
    ("versions", "requirement", "cause", "reason"),
    [
        ([], "^1", "missing", "no version is published"),
        (["1.0.0"], "^2", "unmatched", "no version matches, the newest is 1.0.0"),
        (["1.0.0-rc.1"], "^2", "unmatched", "no version matches, the newest is 1.0.0-rc.1"),
        (
            ["1.0.0", "2.0.0-rc.1"],
            "^3",
            "unmatched",
            "no version matches, the newest are 1.0.0 and 2.0.0-rc.1",
        ),
        (
            ["1.0.0", "2.0.0-rc.1", "2.0.0-rc.2"],
            "^2",
            "prerelease",
            "only pre-releases match, the newest is 2.0.0-rc.2",
        ),
        (["1.0.0-a"], "*", "prerelease", "only pre-releases match, the newest is 1.0.0-a"),
    ],
)
def test_a_line_is_not_met_for_one_of_these_reasons(
    versions: Sequence[str], requirement: str, cause: str, reason: str
) -> None:
    found = why_unmet([Version.parse(each) for each in versions], Requirement(requirement))

    assert found == (reason, cause)


@pytest.mark.spec("resolution-cause", "resolution-no-matching-version")
def test_the_error_of_a_single_line_has_its_cause() -> None:
    with pytest.raises(NoMatchingVersion) as caught:
        resolve(world({"lib 1.0.0": [], "lib 2.0.0-rc.1": []}), ["lib ^2"])

    assert caught.value.cause == "prerelease"
    assert caught.value.newest == "1.0.0"
