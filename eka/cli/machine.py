"""What this machine offers eka: programs, directories, space, settings."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from eka.atom import BUILT_IN
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eka.cli.settings import Settings

TESTED_GIT = (2, 39)
LITTLE_SPACE_BYTES = 2 * 1024**3
GIB = 1024**3
PROGRAM_TIMEOUT_S = 10


class Health(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"  # a part of eka will not work
    FAILURE = "failure"  # eka will not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    health: Health
    found: str
    fix: str = ""


def examine(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at everything eka needs; each finding is independent of the others."""
    yield Finding("python", Health.OK, f"{platform.python_version()} at {sys.executable}")
    yield _git(environment)
    yield from _sandbox(environment)
    yield _apt(environment)
    yield _directory(
        "cache", settings.cache_dir, f"set cache.dir ({settings.origins['cache.dir']})"
    )
    yield _directory(
        "store", settings.store_dir, f"set store.dir ({settings.origins['store.dir']})"
    )
    yield _directory(
        "state", settings.state_dir, f"set state.dir ({settings.origins['state.dir']})"
    )
    yield _aliases(settings)


def _git(environment: Mapping[str, str]) -> Finding:
    fix = "install git: apt-get install git"
    program = shutil.which("git", path=environment.get("PATH"))
    if program is None:
        return Finding("git", Health.FAILURE, "not on PATH", fix)
    try:
        told = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True,
            timeout=PROGRAM_TIMEOUT_S, cwd="/",
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("git", Health.FAILURE, f"{program} does not run: {error}", fix)
    number = re.search(r"(\d+)\.(\d+)", told)
    if number is None or (int(number[1]), int(number[2])) < TESTED_GIT:
        tested = ".".join(map(str, TESTED_GIT))
        return Finding("git", Health.WARNING, told, f"eka is tested with git {tested} and newer")
    return Finding("git", Health.OK, f"{told.removeprefix('git version ')} at {program}")


def _sandbox(environment: Mapping[str, str]) -> Iterator[Finding]:
    from eka import build  # noqa: PLC0415 (brings the store's database along)

    # Without a sandbox nothing can be built; all else works, so it is never a failure here.
    health = {
        build.Finding.OK: Health.OK,
        build.Finding.UNAVAILABLE: Health.WARNING,
        build.Finding.FAILED: Health.WARNING,
    }
    with TemporaryDirectory(prefix="eka-doctor-") as scratch:
        program = shutil.which("bwrap", path=environment.get("PATH"))
        for check in build.probe(program, Path(scratch)).checks:
            name = f"sandbox: {check.name}"
            yield Finding(name, health[check.finding], check.found, check.fix)


def _apt(environment: Mapping[str, str]) -> Finding:
    program = shutil.which("apt-get", path=environment.get("PATH"))
    if program is None:
        fix = "atoms that pin Debian packages can be used here, not locked anew"
        return Finding("apt", Health.WARNING, "not on PATH", fix)
    return Finding("apt", Health.OK, program)


def _directory(name: str, path: Path, fix: str) -> Finding:
    existing = next(each for each in (path, *path.parents) if each.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(name, Health.FAILURE, f"{path} cannot be written", fix)
    free_bytes = shutil.disk_usage(existing).free
    found = f"{path}, {free_bytes / GIB:.1f} GiB free"
    if free_bytes < LITTLE_SPACE_BYTES:
        return Finding(name, Health.WARNING, found, f"free some space, or {fix}")
    return Finding(name, Health.OK, found)


def _aliases(settings: Settings) -> Finding:
    own = settings.alias_origins
    for alias in (*BUILT_IN, *own):
        try:
            settings.aliases.expand(alias)
        except EkaError as error:
            fix = f"correct it in {own.get(alias, 'the configuration')}: {error.fix}"
            return Finding("aliases", Health.WARNING, f"{alias}: {error}", fix)
    return Finding("aliases", Health.OK, f"{len(BUILT_IN)} built in, {len(own)} of your own")
