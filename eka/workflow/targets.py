"""What a user means who names something to build."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.compose import ROOT, Selector
from eka.workflow.errors import NotInLock, TargetAmbiguous

if TYPE_CHECKING:
    from eka.atom import AtomKey, Dependency, Lock, Manifest
    from eka.workflow.project import Project

DELIMITER = "::"


def find_target(project: Project, manifest: Manifest, lock: Lock, name: str) -> AtomKey | None:
    """Return the direct dependency that ``LABEL`` or ``SET::LABEL`` names; `ROOT` for the project.

    The project's own label means the project, unless a dependency is called so.

    Raises:
        NotInLock: the project has no such dependency.
        TargetAmbiguous: it has dependencies of this label from several sets.
    """
    lines = (*manifest.dependencies, *manifest.dev_dependencies)
    wanted = [line for line in lines if name in (line.label.text, _title(line))]
    if not wanted and name == manifest.package.label.text:
        return ROOT
    if not wanted:
        raise NotInLock(name, sorted({line.label.text for line in lines}))
    selector, place = Selector(lock), str(project.directory)
    found = {line: selector.select(ROOT, manifest, line, place=place) for line in wanted}
    if len({key.genesis for key in found.values()}) > 1:
        raise TargetAmbiguous(name, [_title(line) for line in found])
    return max(found.values())


def _title(line: Dependency) -> str:
    return f"{line.set_name}{DELIMITER}{line.label.text}"
