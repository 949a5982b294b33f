"""Plans become outputs: downloads, unpacked archives, and programs run in a sandbox."""

from __future__ import annotations

from eka.build.bubblewrap import Bubblewrap
from eka.build.cgroup import ControlGroups
from eka.build.demands import Demands
from eka.build.download import Downloader, HttpDownloader, Patience, Pinned
from eka.build.enter import Environment, entered
from eka.build.errors import (
    ArchiveConflict,
    ArchiveTooLarge,
    BrokenArchive,
    BuildFailed,
    BuildInterrupted,
    BuildsFailed,
    BuildTimedOut,
    FetchFailed,
    FetchMismatch,
    NonDeterministic,
    NoShell,
    SandboxUnavailable,
    UnsafeArchive,
    UnsupportedArchive,
    UnsupportedCapability,
    WrongSystem,
)
from eka.build.executor import Realiser
from eka.build.perform import log_directory
from eka.build.probe import Finding, SandboxCheck, SandboxReport, probe
from eka.build.sandbox import Cancellation, Ended, Ending, Limits, Opened, Sandbox, SandboxRequest
from eka.build.seccomp import seccomp_filter

__all__ = [
    "ArchiveConflict",
    "ArchiveTooLarge",
    "BrokenArchive",
    "Bubblewrap",
    "BuildFailed",
    "BuildInterrupted",
    "BuildTimedOut",
    "BuildsFailed",
    "Cancellation",
    "ControlGroups",
    "Demands",
    "Downloader",
    "Ended",
    "Ending",
    "Environment",
    "FetchFailed",
    "FetchMismatch",
    "Finding",
    "HttpDownloader",
    "Limits",
    "NoShell",
    "NonDeterministic",
    "Opened",
    "Patience",
    "Pinned",
    "Realiser",
    "Sandbox",
    "SandboxCheck",
    "SandboxReport",
    "SandboxRequest",
    "SandboxUnavailable",
    "UnsafeArchive",
    "UnsupportedArchive",
    "UnsupportedCapability",
    "WrongSystem",
    "entered",
    "log_directory",
    "probe",
    "seccomp_filter",
]
