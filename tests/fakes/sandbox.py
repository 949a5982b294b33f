"""Ports of the build that must not be used."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.build import Cancellation, Ended, Opened, Pinned, SandboxRequest
    from eka.build.capability import Capability, Lack


class BrokenSandbox:
    """A sandbox for tests in which nothing may run."""

    @property
    def name(self) -> str:
        """Return what no build says made it."""
        return "broken"

    @property
    def asked(self) -> frozenset[Capability]:
        """Return nothing."""
        return frozenset()

    def lack(self, capability: Capability) -> Lack | None:
        """Lack nothing, so that it is asked to run something."""

    def run(
        self,
        request: SandboxRequest,
        on_line: Callable[[bytes], None],
        cancellation: Cancellation,
    ) -> Ended:
        """Fail."""
        raise AssertionError(request.command, on_line, cancellation)

    def opened(self, request: SandboxRequest) -> Opened:
        """Fail."""
        raise AssertionError(request.command)


class NoDownloads:
    """A downloader for tests in which nothing may be fetched."""

    def download(
        self, file: Pinned, into: IO[bytes], progress: Callable[[str, int], None]
    ) -> None:
        """Fail."""
        raise AssertionError(file, into, progress)
