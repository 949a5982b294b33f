"""``eka deprecate``."""

from __future__ import annotations

from typing import Annotated

import typer

from eka.atom import Label
from eka.cli import option, wiring
from eka.cli.commands.yank import status_reply
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.workflow.yank import deprecated, mark_versions, undeprecated


def deprecate(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    versions: Annotated[list[str], typer.Argument(help="Published versions, as LABEL@VERSION.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, in one line; people will read it.")] = "",
    replaced_by: Annotated[
        str | None, typer.Option(metavar="LABEL", help="What to use instead.")
    ] = None,
    undo: Annotated[bool, typer.Option(help="Take it back.")] = False,
    remote: option.Remote = None,
    dry_run: option.DryRun = False,
) -> Reply:
    """Warn those who use published versions; they are still chosen, with a note.

    The version itself stays as it is. What is said of it is a small document in
    refs/ekala/status at the set's remote.

    Exit status: 0 done, or it was so already, 1 the remote refuses, 2 the words are wrong, 3 no
    such version is published there, 4 network.
    """
    if undo and (reason or replaced_by):
        raise UsageFailed("deprecate", "--undo stands alone: leave --reason and --replaced-by out")
    if not undo and not reason:
        raise UsageFailed("deprecate", "--reason is missing: say why, in one line")
    label = None if replaced_by is None else Label.typed(replaced_by)
    edit = undeprecated if undo else deprecated(reason, label)
    services = wiring.services(frame)
    return status_reply(mark_versions(services, versions, edit, remote=remote, dry_run=dry_run))
