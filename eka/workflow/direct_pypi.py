"""Direct sources of kind ``pypi``: wheels, from another tool's lock file or found by pip."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.direct import WheelPinner, choose_wheels, read_foreign_lock, resolve_requirements
from eka.workflow.foreign_lock import lock_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Label, LockedDirect, LockedFile, PypiSource, Version
    from eka.workflow.direct_kinds import PinRequest

PROJECT = "pyproject.toml"


def systems(source: PypiSource, systems: Sequence[str]) -> Sequence[str]:
    """Return all: there are other wheels for each."""
    del source
    return systems


def pin(source: PypiSource, request: PinRequest) -> tuple[LockedFile, ...]:
    """Return the wheels for one system; see `choose_wheels` and `WheelPinner` for its errors."""
    services = request.services
    if source.lock:
        data = lock_bytes(request.directory, source.lock)
        beside = request.directory / source.lock
        project = None
        if (beside.parent / PROJECT).is_file():
            place = f"{source.lock.rpartition('/')[0]}/{PROJECT}".lstrip("/")
            project = lock_bytes(request.directory, place)
        file = str(beside)
        lock = read_foreign_lock(data, file, project)
    else:
        file = f"deps.direct.pypi.{source.name.text}"
        lock = resolve_requirements(source, request.system, services.pip())
    sizes = services.file_sizes
    for each in request.previous.files if request.previous else ():
        sizes.setdefault(each.sha256, each.size)
    pinner = WheelPinner(services.package_index, services.open_url, services.progress.step, sizes)
    chosen = choose_wheels(lock, source, request.system, file)
    return tuple(pinner.pin(each) for each in chosen)


def fault(source: PypiSource, pin: LockedDirect, versions: Mapping[Label, Version]) -> None:
    """Find nothing: where an index keeps its wheels is not for the manifest to say."""
    del source, pin, versions
