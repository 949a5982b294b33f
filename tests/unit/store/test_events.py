"""Events as JSON."""

from __future__ import annotations

import json

import pytest

from eka.store import (
    ActionFinished,
    ActionLog,
    ActionStarted,
    CacheTrouble,
    Event,
    FetchProgress,
    Outcome,
    PathAdded,
    StorePath,
)

PATH = StorePath("0" * 32, "a")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (ActionStarted("id", "zlib", "run"), "action-started"),
        (ActionLog("id", b"a \xff\x1b[0m"), "action-log"),
        (ActionFinished("id", "zlib", Outcome.BUILT, (("out", PATH),)), "action-finished"),
        (FetchProgress("id", "http://example.org", 1, 2), "fetch-progress"),
        (PathAdded(PATH, 3), "path-added"),
        (CacheTrouble("http://example.org", "cache-false", "why"), "cache-trouble"),
    ],
)
def test_an_event_is_one_line_of_json(event: Event, kind: str) -> None:
    line = json.dumps(event.to_json())

    assert json.loads(line)["event"] == kind
    assert "\n" not in line


def test_bytes_that_are_not_utf_8_are_escaped() -> None:
    assert ActionLog("id", b"caf\xe9").to_json()["line"] == "caf\\xe9"


def test_outputs_are_named() -> None:
    event = ActionFinished("id", "zlib", Outcome.CACHED, (("out", PATH),))

    assert event.to_json()["outputs"] == {"out": PATH.text}
    assert event.to_json()["outcome"] == "cached"
