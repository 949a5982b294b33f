"""``eka doctor``: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.frame import Frame
from eka.cli.machine import Health, examine
from eka.cli.reply import Reply
from eka.cli.text import Line, Piece, Table, dim, green, red, yellow
from eka.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.cli.machine import Finding
    from eka.cli.reply import Json
    from eka.cli.settings import Settings

COLOURS: dict[Health, Callable[[str], Piece]] = {
    Health.OK: green,
    Health.WARNING: yellow,
    Health.FAILURE: red,
}


def doctor(frame: Frame) -> Reply:
    """Say what works on this machine and what is missing.

    Looks at git, the sandbox, apt, directories, free space and configuration. Ends with status 1
    when something is missing without which eka cannot work.
    """
    frame.progress.step("examining this machine")
    findings = list(examine(frame.settings, frame.environment))
    healthy = all(finding.health is not Health.FAILURE for finding in findings)
    return Reply(
        document={
            "healthy": healthy,
            "findings": [_document(finding) for finding in findings],
            "settings": _settings(frame.settings),
            "config_files": list(frame.settings.files),
            "aliases": dict(frame.settings.alias_origins),
        },
        body=[*_lines(findings), *_setting_lines(frame.settings)],
        status=Exit.OK if healthy else Exit.FAILED,
    )


def _document(finding: Finding) -> dict[str, Json]:
    return {
        "name": finding.name,
        "health": finding.health,
        "found": finding.found,
        "fix": finding.fix,
    }


def _settings(settings: Settings) -> dict[str, Json]:
    values: dict[str, str | int] = {
        "cache.dir": str(settings.cache_dir),
        "store.dir": str(settings.store_dir),
        "state.dir": str(settings.state_dir),
        "listing.max_age_s": settings.max_age_s,
        "network.timeout_s": settings.timeout_s,
        "build.jobs": settings.jobs,
        **{f"deb.{name}": value for name, value in settings.deb.items()},
    }
    return {
        key: {"value": value, "origin": settings.origins[key]} for key, value in values.items()
    }


def _lines(findings: list[Finding]) -> list[Line | Table]:
    lines: list[Line | Table] = []
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = COLOURS[finding.health](f"{finding.health:<8}")
        lines.append((mark, f" {finding.name:<{width}} {finding.found}"))
        if finding.fix:
            lines.append((" " * (width + 10), dim(f"fix: {finding.fix}")))
    return lines


def _setting_lines(settings: Settings) -> list[Line | Table]:
    rows = tuple(
        (key, str(entry["value"]), str(entry["origin"]))
        for key, entry in _settings(settings).items()
        if isinstance(entry, dict)
    )
    files = [dim(f"configuration file: {path}") for path in settings.files]
    return ["", Table(("setting", "value", "from"), rows), *files]
