"""What surrounds a command: where it works, what it was told, whom it talks to."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack
    from pathlib import Path

    from eka.cli.head_start import HeadStart
    from eka.cli.progress import OpenProgress
    from eka.cli.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The first argument of every command."""

    place: str  # absolute path of the directory: -C or where eka was started
    environment: Mapping[str, str]
    settings: Settings
    progress: OpenProgress
    verbosity: int  # -1 with -q, 0, 1 with -v, 2 with -vv
    as_json: bool
    head_start: HeadStart | None  # what is being asked already
    cleanup: ExitStack  # left when the command ends, however it ends

    @property
    def directory(self) -> Path:
        """The directory eka works in."""
        from pathlib import Path  # noqa: PLC0415 - listing versions needs none

        return Path(self.place)

    def path(self, text: str) -> Path:
        """Return the path a user typed, relative to the directory eka works in."""
        return self.directory / text
