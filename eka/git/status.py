"""What owners say of a version after it was published: yanked, deprecated; pure.

Source: atom-spec/status.md; vectors in fixtures/status.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from eka.atom import InvalidLabel, Label
from eka.checking import TYPE_CHECKING, cast
from eka.errors import EkaError, Exit
from eka.git.safe import is_safe

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS_SCHEMA = "eka.status/1"
MAX_STATUS_BYTES = 4096
MAX_REASON_CHARACTERS = 500


class InvalidStatus(EkaError):
    """A status document that does not follow the specification."""

    code = "invalid-status"
    exit_status = Exit.INTEGRITY

    def __init__(self, why: str) -> None:
        super().__init__(
            what="this is no status of a version",
            why=why,
            fix="the owner of the set writes it anew with eka yank or eka deprecate",
        )


class InvalidReason(EkaError):
    """A reason that cannot stand in a status."""

    code = "invalid-reason"
    exit_status = Exit.USAGE

    def __init__(self, why: str) -> None:
        super().__init__(
            what="this reason cannot be recorded",
            why=why,
            fix="write one line of plain text, such as 'CVE-2026-1234, fixed in 1.3.2'",
        )


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Why a version should not be used any more, and what to use instead."""

    reason: str
    replaced_by: Label | None = None
    """A label of the same set."""

    def __post_init__(self) -> None:
        if not self.reason:
            raise InvalidReason("it is empty")
        _check_reason(self.reason)


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """What is said of one version; at least one of the two."""

    yanked: str | None = None
    """The reason, perhaps empty; None: it is not yanked."""
    deprecated: Deprecation | None = None
    is_unreadable: bool = False
    """The document could not be read, so it counts as yanked; `yanked` says why."""

    def __post_init__(self) -> None:
        if self.yanked is None and self.deprecated is None:
            message = "a status says something"
            raise ValueError(message)
        if self.yanked:
            _check_reason(self.yanked)

    @property
    def is_yanked(self) -> bool:
        """Whether it is left out of new resolutions."""
        return self.yanked is not None

    def encode(self) -> bytes:
        """Return the document: canonical JSON, the same bytes for the same status."""
        document: dict[str, object] = {"schema": STATUS_SCHEMA}
        if self.yanked is not None:
            document["yanked"] = {"reason": self.yanked}
        if self.deprecated is not None:
            said = {"reason": self.deprecated.reason}
            if self.deprecated.replaced_by is not None:
                said["replaced_by"] = self.deprecated.replaced_by.text
            document["deprecated"] = said
        text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return f"{text}\n".encode()

    @property
    def sentences(self) -> tuple[str, ...]:
        """What to tell a person, as clauses such as ``is yanked: CVE-2026-1234``."""
        told: list[str] = []
        if self.is_unreadable:
            told.append(f"counts as yanked: {self.yanked}")
        elif self.yanked is not None:
            told.append(f"is yanked: {self.yanked}" if self.yanked else "is yanked")
        if self.deprecated is not None:
            instead = self.deprecated.replaced_by
            use = f"; use {instead.text} instead" if instead else ""
            told.append(f"is deprecated: {self.deprecated.reason}{use}")
        return tuple(told)


def combined(yanked: str | None, deprecated: Deprecation | None) -> VersionStatus | None:
    """Return the status that says both; None when there is nothing to say."""
    if yanked is None and deprecated is None:
        return None
    return VersionStatus(yanked, deprecated)


def parse_status(data: bytes) -> VersionStatus:
    """Return what a status document says; raises InvalidStatus.

    Source: atom-spec/status.md [status-canonical].
    """
    if len(data) > MAX_STATUS_BYTES:
        raise InvalidStatus(f"it has more than {MAX_STATUS_BYTES} bytes")
    try:
        document: object = json.loads(data.decode("utf-8"))
        status = _understood(document)
        canonical = status.encode()
    except (ValueError, RecursionError) as error:
        raise InvalidStatus(f"it is no JSON that says yanked or deprecated ({error})") from error
    except (InvalidReason, InvalidLabel) as error:
        raise InvalidStatus(error.why) from error
    if canonical != data:
        raise InvalidStatus("it is not in its canonical form, or says more than version 1 knows")
    return status


def read_status(data: bytes | None) -> VersionStatus:
    """Return what a status document says; one that cannot be read counts as yanked.

    Whoever wrote it wanted to warn: to pass over it would choose what somebody warns of.

    Args:
        data: The document; None when the ref names something that is none.

    Source: atom-spec/status.md [status-unreadable].
    """
    if data is None:
        return unreadable("its status is no document")
    try:
        return parse_status(data)
    except InvalidStatus:
        return unreadable("its status cannot be read")


def unreadable(why: str) -> VersionStatus:
    """Return the status of a version whose document cannot be read."""
    return VersionStatus(why, is_unreadable=True)


def _understood(document: object) -> VersionStatus:
    said = _table(document, "the document")
    if said.get("schema") != STATUS_SCHEMA:
        raise InvalidStatus(f"its schema is not {STATUS_SCHEMA}")
    yanked = _text(said["yanked"], "reason") if "yanked" in said else None
    return VersionStatus(
        yanked, _deprecation(said["deprecated"]) if "deprecated" in said else None
    )


def _deprecation(value: object) -> Deprecation:
    said = _table(value, "`deprecated`")
    label = Label(_text(said, "replaced_by")) if "replaced_by" in said else None
    return Deprecation(_text(said, "reason"), label)


def _text(value: object, key: str) -> str:
    text = _table(value, "`yanked`").get(key)
    if not isinstance(text, str):
        raise InvalidStatus(f"`{key}` is missing or no string")
    return text


def _table(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise InvalidStatus(f"{name} is no object")
    return cast("dict[str, object]", value)


def _check_reason(reason: str) -> None:
    if len(reason) > MAX_REASON_CHARACTERS:
        raise InvalidReason(f"it has more than {MAX_REASON_CHARACTERS} characters")
    if not is_safe(reason) or reason != reason.strip():
        raise InvalidReason("it has line ends, invisible characters, or spaces around it")
