"""Which lines of a manifest a person means who names a dependency.

Source: atom-spec/changes.md [change-named].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.values import dataclass
from eka.workflow.targets import DELIMITER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import Dependency, DirectSource, Lock, Manifest

_SHOWN = 20


class NotDirect(EkaError):
    """What is to be changed in a manifest does not stand there."""

    code = "not-a-dependency"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, known: Sequence[str], *, why: str = "", fix: str = "") -> None:
        from eka.workflow.suggest import similar_label  # noqa: PLC0415 - only an error needs it

        guess = similar_label(name, known)
        listed = ", ".join(known[:_SHOWN]) + (", …" if len(known) > _SHOWN else "")
        super().__init__(
            what=f"{name} is not a direct dependency of this project",
            why=why or (f"atom.toml requires {listed}" if known else "atom.toml requires nothing"),
            fix=(f"did you mean {guess}?" if guess else fix)
            or ("name one of them" if known else f"eka add SOURCE::{name} would make it one"),
        )
        self.name, self.guess = name, guess


class LineAmbiguous(EkaError):
    """A name for several lines of a manifest."""

    code = "dependency-line-ambiguous"
    exit_status = Exit.USAGE

    def __init__(self, name: str, candidates: Sequence[str]) -> None:
        super().__init__(
            what=f"{name} may mean several lines of atom.toml",
            why=f"it has {', '.join(candidates)}",
            fix=f"say which: {' or '.join(candidates)}",
        )
        self.candidates = tuple(candidates)


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A line of ``[deps.from.<set>]``, or of ``[deps.dev.from.<set>]``."""

    line: Dependency
    dev: bool

    @property
    def title(self) -> str:
        """Set and label, such as ``core::zlib``."""
        return f"{self.line.set_name}{DELIMITER}{self.line.label.text}"

    def is_called(self, name: str) -> bool:
        """Whether a person may mean it by ``name``."""
        return name in (self.line.label.text, self.title)


def lines_of(manifest: Manifest) -> list[NamedLine]:
    """Return all lines that require atoms."""
    found = [NamedLine(line, dev=False) for line in manifest.dependencies]
    return found + [NamedLine(line, dev=True) for line in manifest.dev_dependencies]


def find_lines(manifest: Manifest, lock: Lock | None, name: str) -> list[NamedLine]:
    """Return the lines, one or one for development beside it, that require one atom.

    Args:
        manifest: Where they are looked for.
        lock: Tells of atoms that other atoms need.
        name: ``LABEL`` or ``SET::LABEL``.

    Raises:
        NotDirect: there is none.
        LineAmbiguous: several sets have such an atom.
    """
    lines = lines_of(manifest)
    found = [each for each in lines if each.is_called(name)]
    if not found:
        raise not_direct(name, lines, (), lock)
    titles = sorted({each.title for each in found})
    if len(titles) > 1:
        raise LineAmbiguous(name, titles)
    return found


def not_direct(
    name: str, lines: Iterable[NamedLine], direct: Iterable[DirectSource], lock: Lock | None
) -> NotDirect:
    """Return the error for a name that nothing has; it says whether another atom needs that."""
    known = sorted({each.line.label.text for each in lines} | {each.name.text for each in direct})
    label = name.rpartition(DELIMITER)[2]
    atoms = lock.atoms if lock else ()
    if all(atom.key.label.text != label for atom in atoms):
        return NotDirect(name, known)
    by = sorted(
        f"{atom.key.label.text} {atom.key.version.text}"
        for atom in atoms
        if any(key.label.text == label for key in atom.requires)
    )
    why = f"it is locked because of {', '.join(by[:_SHOWN])}" if by else ""
    fix = f"eka add makes it one; eka update {label} --precise VERSION chooses a version without"
    return NotDirect(name, known if not why else (), why=why, fix=fix)
