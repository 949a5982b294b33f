"""``eka hook``: the server hook that keeps published refs as they are."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git import RefHook, WorkRepository

if TYPE_CHECKING:
    from pathlib import Path

    from eka.git import HookReport
    from eka.workflow.services import Services


def check_hook(services: Services, directory: Path) -> HookReport:
    """Return what stands where the hook of a repository belongs."""
    return _hook(services, directory).look()


def install_hook(services: Services, directory: Path, *, chain: bool, dry_run: bool) -> HookReport:
    """Put the hook into a repository."""
    return _hook(services, directory).install(chain=chain, dry_run=dry_run)


def uninstall_hook(services: Services, directory: Path, *, dry_run: bool) -> HookReport:
    """Remove the hook from a repository."""
    return _hook(services, directory).uninstall(dry_run=dry_run)


def _hook(services: Services, directory: Path) -> RefHook:
    return RefHook(WorkRepository.open(directory, services.runner))
