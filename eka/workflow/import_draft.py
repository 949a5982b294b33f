"""What an import makes of a manifest, before it is locked."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass, field
from eka.workflow.import_python import PythonFound

if TYPE_CHECKING:
    from eka.workflow.previous import Previous


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A manifest with what was imported, before it is locked."""

    form: str
    text: str
    previous: Previous
    declared: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str], ...] = ()
    found: PythonFound = field(default_factory=PythonFound)
