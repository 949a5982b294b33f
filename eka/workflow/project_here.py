"""The one atom that a command is to change: the one in whose directory it runs."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.workflow.own_set import member_directories
from eka.workflow.places import relative_to
from eka.workflow.project import MANIFEST, SET_MANIFEST, Project

if TYPE_CHECKING:
    from pathlib import Path

    from eka.workflow.services import Services

_SHOWN = 5


class SetRoot(EkaError):
    """A command that changes one atom was run where a set is, and no atom."""

    code = "set-root"
    exit_status = Exit.USAGE

    def __init__(self, where: str, members: list[str]) -> None:
        shown = ", ".join([*members[:_SHOWN], *(["…"] if len(members) > _SHOWN else [])])
        super().__init__(
            what="this is the root of a set, and not an atom",
            where=where,
            why=f"its atoms are in {shown}" if members else "it has no atoms yet",
            fix=f"go to one of them, or say which: eka -C {members[0]} …"
            if members
            else "make an atom with eka new PATH",
        )


def project_here(services: Services, directory: Path) -> Project:
    """Return the atom in ``directory``.

    Raises:
        SetRoot: it is the root of a set; many atoms may be meant.
        ProjectNotFound: there is neither.
    """
    if (directory / MANIFEST).exists() or not (directory / SET_MANIFEST).exists():
        return Project.at(directory, services.aliases)
    root = directory.resolve()
    members = [relative_to(each, root) for each in member_directories(directory)]
    raise SetRoot(str(directory), members)
