"""Direct sources of kind ``pypi`` in a plan: wheels laid into one tree, and what runs them."""

from __future__ import annotations

from eka.atom import PypiSource
from eka.checking import TYPE_CHECKING, TypeVar
from eka.compose.actions import SourceLayer
from eka.compose.errors import InterpreterUnknown, PythonsDiffer
from eka.compose.sources import unpack
from eka.store import LayerFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import DirectSource, Label, LockedDirect
    from eka.compose.actions import Actions
    from eka.store import Input

Found = TypeVar("Found")


def as_input(actions: Actions, source: PypiSource, pin: LockedDirect) -> Input:
    """Return the tree of packages without any program."""
    return actions.add(unpack(actions, [(source, pin)], source.name.text))


def layers(source: PypiSource, pin: LockedDirect) -> list[SourceLayer]:
    """Return the wheels."""
    del source
    return [SourceLayer(file, LayerFormat.WHEEL) for file in pin.files]


def is_staged(source: PypiSource) -> bool:
    """Tell that nobody writes to packages."""
    del source
    return False


def interpreter_of(
    sources: Sequence[DirectSource], rootfs: str, known: Mapping[Label, Found], title: str
) -> Found | None:
    """Return which input holds the Python that runs packages; None: they get no programs.

    Args:
        sources: Some of which are of kind ``pypi``.
        rootfs: What counts where a source names none; empty: nothing does.
        known: What may hold a Python.
        title: What messages call the atom.

    Raises:
        InterpreterUnknown: there is no such input.
        PythonsDiffer: the sources name several.

    Source: atom-spec/composition.md [compose-python].
    """
    packages = [source for source in sources if isinstance(source, PypiSource)]
    names = {source.interpreter or rootfs for source in packages}
    if len(names) > 1:
        raise PythonsDiffer(title, sorted(names))
    name = next(iter(names), "")
    if not name:
        return None
    found = {label.text: value for label, value in known.items()}
    if name not in found:
        raise InterpreterUnknown(packages[0].name.text, name, list(found))
    return found[name]
