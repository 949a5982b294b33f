"""What happens while a plan is realised, as values; programs show them or write them as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from eka.store.path import StorePath


class Outcome(StrEnum):
    """How an action came to its outputs."""

    BUILT = "built"
    CACHED = "cached"
    SUBSTITUTED = "substituted"  # had from a binary cache


class Event(Protocol):
    """Anything that can be reported while a plan is realised."""

    def to_json(self) -> dict[str, object]:
        """Return a JSON object with the key ``event``."""
        ...


@dataclass(frozen=True, slots=True)
class ActionStarted:
    """An action begins; its inputs are all in the store."""

    action: str
    name: str
    kind: str

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object."""
        return {
            "event": "action-started",
            "action": self.action,
            "name": self.name,
            "kind": self.kind,
        }


@dataclass(frozen=True, slots=True)
class ActionLog:
    """One line an action wrote to its standard output or error, without the line end."""

    action: str
    line: bytes

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object; bytes that are not UTF-8 are written escaped."""
        return {
            "event": "action-log",
            "action": self.action,
            "line": self.line.decode("utf-8", "backslashreplace"),
        }


@dataclass(frozen=True, slots=True)
class ActionFinished:
    """All outputs of an action are in the store."""

    action: str
    name: str
    outcome: Outcome
    outputs: tuple[tuple[str, StorePath], ...]

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object."""
        return {
            "event": "action-finished",
            "action": self.action,
            "name": self.name,
            "outcome": self.outcome.value,
            "outputs": {output: path.text for output, path in self.outputs},
        }


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """An action came to nothing."""

    action: str
    name: str
    code: str  # of the error
    why: str  # one line

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object."""
        return {
            "event": "action-failed",
            "action": self.action,
            "name": self.name,
            "code": self.code,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True)
class ActionSkipped:
    """An action is not performed, because one that it needs failed."""

    action: str
    name: str
    failed: str  # id of the action that failed

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object."""
        return {
            "event": "action-skipped",
            "action": self.action,
            "name": self.name,
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True)
class WorkLeft:
    """How much of a plan is left to do."""

    actions: int
    expected_s: float | None  # until the end, by how long it took before; None: too little known

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object; the time in whole milliseconds."""
        expected_ms = None if self.expected_s is None else round(self.expected_s * 1000)
        return {"event": "work-left", "actions": self.actions, "expected_ms": expected_ms}


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How much of a download has arrived."""

    action: str
    url: str
    received_bytes: int
    total_bytes: int
    resumed_bytes: int = 0  # of those received: they were there already, of an earlier run

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object."""
        return {
            "event": "fetch-progress",
            "action": self.action,
            "url": self.url,
            "received_bytes": self.received_bytes,
            "total_bytes": self.total_bytes,
            "resumed_bytes": self.resumed_bytes,
        }


@dataclass(frozen=True, slots=True)
class PathAdded:
    """A path was put into the store."""

    path: StorePath
    size_bytes: int

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object."""
        return {"event": "path-added", "path": self.path.text, "size_bytes": self.size_bytes}


@dataclass(frozen=True, slots=True)
class CacheTrouble:
    """A binary cache cannot be reached, or holds what is false; what it lacks is built here."""

    cache: str
    code: str  # of the error
    why: str  # one line

    def to_json(self) -> dict[str, object]:
        """Return the event as a JSON object."""
        return {"event": "cache-trouble", "cache": self.cache, "code": self.code, "why": self.why}
