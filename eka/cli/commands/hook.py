"""``eka hook``."""

from __future__ import annotations

from enum import StrEnum

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, cyan, green, red, yellow
from eka.errors import Exit
from eka.git import HookState
from eka.workflow.hook import check_hook, install_hook, uninstall_hook

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.text import Line
    from eka.git import HookReport


class HookAction(StrEnum):
    """What to do with the hook."""

    INSTALL = "install"
    CHECK = "check"
    UNINSTALL = "uninstall"


def hook(
    frame: Frame,
    action: Annotated[HookAction, typer.Argument(help="What to do.")],
    repository: Annotated[
        str, typer.Argument(metavar="REPOSITORY", help="The server's repository.")
    ] = ".",
    *,
    chain: Annotated[
        bool, typer.Option(help="Keep a hook that is there, and run it after eka's.")
    ] = False,
    dry_run: option.DryRun = False,
) -> Reply:
    """Let a server's repository refuse pushes that change or delete what is published.

    git servers let everybody with the right to push move any ref. The update hook of eka, a short
    shell script, lets versions, origins, signatures and the genesis be created, but neither
    changed nor deleted; statuses (eka yank) may change. Run it where the repository lies.

    Exit status: 0 done, or the hook is in place, 1 check: it is not, or hooks lie elsewhere, 2 the
    words are wrong, 3 no repository there, 6 there is another hook and --chain was not given.
    """
    services, place = wiring.services(frame), frame.path(repository)
    if chain and action is not HookAction.INSTALL:
        raise UsageFailed("hook", "--chain belongs to install")
    if action is HookAction.CHECK:
        report = check_hook(services, place)
    elif action is HookAction.INSTALL:
        report = install_hook(services, place, chain=chain, dry_run=dry_run)
    else:
        report = uninstall_hook(services, place, dry_run=dry_run)
    is_fine = action is not HookAction.CHECK or report.after is HookState.CURRENT
    return Reply(
        document={
            "action": action.value,
            "dry_run": dry_run,
            "path": str(report.path),
            "before": report.before.value,
            "after": report.after.value,
            "chained": report.chained,
        },
        body=_lines(report, action, dry_run=dry_run),
        status=Exit.OK if is_fine else Exit.FAILED,
    )


def _lines(report: HookReport, action: HookAction, *, dry_run: bool) -> list[Line]:
    path = cyan(str(report.path))
    if action is HookAction.CHECK:
        word = (green if report.after is HookState.CURRENT else red)(report.after.value)
        lines: list[Line] = [(bold("update hook "), word, "  ", path)]
    elif report.before is report.after:
        lines = [("nothing to do: the hook is ", report.after.value, "  ", path)]
    else:
        done = {HookAction.INSTALL: "installed", HookAction.UNINSTALL: "removed"}[action]
        would = {HookAction.INSTALL: "would install", HookAction.UNINSTALL: "would remove"}[action]
        lines = [(green(would if dry_run else done), " the update hook  ", path)]
    if report.chained:
        lines.append(yellow("the hook that was there before runs after it"))
    return lines
