"""What a command answers: one document for programs, lines for people, an exit status."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from eka.cli.text import Body

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | bool | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of a command; data only, nothing of it is printed before the command ends.

    Attributes:
        document: What ``--json`` prints, without its ``schema``; keys are part of the interface.
        body: What is printed otherwise; foreign text may stand in it as it is.
        status: Exit status; ``eka run`` passes the one of its program.
        has_printed: The command wrote to standard output itself (``eka run``); print nothing.
    """

    document: Mapping[str, Json] = field(default_factory=dict[str, "Json"])
    body: Body = ()
    status: int = Exit.OK
    has_printed: bool = False
