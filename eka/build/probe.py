"""What the build sandbox can do on this machine, found by trying it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum

from eka.build.cgroup import ControlGroups
from eka.build.sandbox import Limits
from eka.build.seccomp import seccomp_filter
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_INSTALL = "install bubblewrap (Debian: apt-get install bubblewrap)"
_NAMESPACES = (
    "let users make namespaces: sysctl user.max_user_namespaces=10000, and where they exist "
    "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0"
)
_DELEGATE = "run below a delegated control group, for instance with systemd-run --user --scope"
_TRIAL_S = 20
# Runs inside, on the interpreter of this machine: tries to get out and says what happened.
_TRIAL = """
import json, os, socket, sys
port, canary = int(sys.argv[1]), sys.argv[2]
said = {"uid": os.getuid()}
try:
    socket.create_connection(("127.0.0.1", port), 2).close()
    said["network"] = "connected"
except OSError:
    said["network"] = "refused"
try:
    open(canary, "w").close()
    said["write"] = "written"
except OSError:
    said["write"] = "refused"
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
said["seccomp"] = status.get("Seccomp", "").strip()
said["capabilities"] = int(status["CapEff"], 16)
print(json.dumps(said))
"""


class Finding(StrEnum):
    """What a check came to."""

    OK = "ok"
    FAILED = "failed"  # builds do not work, or would not be safe
    UNAVAILABLE = "unavailable"  # builds work without it


@dataclass(frozen=True, slots=True)
class SandboxCheck:
    """One thing that was tried."""

    name: str
    finding: Finding
    found: str
    fix: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the check as a JSON object."""
        return {
            "name": self.name,
            "finding": self.finding.value,
            "found": self.found,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """All that was tried."""

    checks: tuple[SandboxCheck, ...]

    @property
    def works(self) -> bool:
        """Whether builds can run here."""
        return all(check.finding is not Finding.FAILED for check in self.checks)

    def to_json(self) -> dict[str, object]:
        """Return the report as a JSON object."""
        return {"works": self.works, "checks": [check.to_json() for check in self.checks]}


def probe(program: str | None, scratch: Path) -> SandboxReport:
    """Try the sandbox.

    Args:
        program: The ``bwrap`` program, or None where there is none.
        scratch: A directory to write in.
    """
    if program is None:
        missing = SandboxCheck("bubblewrap", Finding.FAILED, "not installed", _INSTALL)
        return SandboxReport((missing, _limits()))
    try:
        version = subprocess.run(
            [program, "--version"], capture_output=True, timeout=_TRIAL_S, check=True, env={}
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        broken = SandboxCheck("bubblewrap", Finding.FAILED, str(error), _INSTALL)
        return SandboxReport((broken, _limits()))
    present = SandboxCheck("bubblewrap", Finding.OK, version.decode(errors="replace").strip())
    return SandboxReport((present, *_tried(program, scratch), _limits()))


def _tried(program: str, scratch: Path) -> Iterator[SandboxCheck]:
    said, complaint = _trial(program, scratch)
    if said is None:
        yield SandboxCheck("user namespaces", Finding.FAILED, complaint, _NAMESPACES)
        return
    user = f"works as user {os.geteuid()}, who is user {said['uid']} inside"
    yield SandboxCheck("user namespaces", Finding.OK, user)
    yield _must("network isolation", said["network"] == "refused", "a build reaches this machine")
    yield _must("read-only inputs", said["write"] == "refused", "a build can change its inputs")
    yield _must("no capabilities", said["capabilities"] == 0, "a build keeps capabilities")
    if said["seccomp"] == "2":
        yield SandboxCheck("system call filter", Finding.OK, "loaded")
    else:
        why = f"none is known for {os.uname().machine}"
        yield SandboxCheck("system call filter", Finding.UNAVAILABLE, why)


def _must(name: str, holds: bool, otherwise: str) -> SandboxCheck:  # noqa: FBT001 - a fact
    if holds:
        return SandboxCheck(name, Finding.OK, "tried, and refused")
    return SandboxCheck(name, Finding.FAILED, otherwise, "do not build here; report it")


def _trial(program: str, scratch: Path) -> tuple[dict[str, object] | None, str]:
    """Run the trial; returns what it said, or None and the complaint of bubblewrap."""
    canary = scratch / "canary"
    canary.write_text("")
    options = [
        "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
        "--uid", "1000", "--gid", "100", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
        "--remount-ro", "/proc",
    ]  # fmt: skip
    filter_program = seccomp_filter(os.uname().machine)
    with tempfile.TemporaryFile() as file, socket.create_server(("127.0.0.1", 0)) as server:
        if filter_program is not None:
            file.write(filter_program)
            file.flush()
            options += ["--seccomp", str(file.fileno())]
        trial = ["-I", "-S", "-c", _TRIAL, str(server.getsockname()[1]), str(canary)]
        complaint = ""
        for python in (sys.executable, "/usr/bin/python3"):
            file.seek(0)
            said, complaint = _attempt([program, *options, "--", python, *trial], file.fileno())
            # Only where this interpreter lies in a place closed to its user is another tried.
            if said is not None or not complaint.startswith("bwrap: execvp"):
                return said, complaint
    return None, complaint


def _attempt(command: list[str], descriptor: int) -> tuple[dict[str, object] | None, str]:
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            timeout=_TRIAL_S,
            check=False,
            env={},
            cwd="/",
            pass_fds=(descriptor,),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, str(error)
    if ran.returncode:
        return None, ran.stderr.decode(errors="replace").strip()
    said: dict[str, object] = json.loads(ran.stdout)
    return said, ""


def _limits() -> SandboxCheck:
    groups = ControlGroups.find()
    if groups is None or not groups.works(Limits()):
        # To others than root the kernel's own limit of processes applies.
        lacking = "memory" if os.geteuid() else "memory and processes"
        why = f"the {lacking} of builds cannot be limited"
        return SandboxCheck("control groups", Finding.UNAVAILABLE, why, _DELEGATE)
    found = ", ".join(sorted(groups.controllers))
    return SandboxCheck("control groups", Finding.OK, f"can limit {found}")
