"""Direct sources of kind ``pypi``: Python packages, installed together into one tree."""

from __future__ import annotations

import re

from eka.atom.commit import path_fault
from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.direct_kinds import DeclaringAtom
    from eka.atom.label import Label
    from eka.atom.reading import Table
    from eka.atom.toml import TomlValue

DEFAULT_PLATFORM = "manylinux_2_28"
MAX_REQUIREMENT_CHARACTERS = 512
_PYTHON = re.compile(r"3\.(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2}))?", re.ASCII)
_PLATFORM = re.compile(r"(?:many|musl)linux_(?:0|[1-9][0-9]{0,2})_(?:0|[1-9][0-9]{0,2})", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", re.ASCII)
# The rest of the grammar is read when the requirement is resolved.
_REQUIREMENT = re.compile(r"[A-Za-z0-9][ -~]*", re.ASCII)
_SEPARATORS = re.compile(r"[-_.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PypiSource:
    """Packages of another tool's lock file, or what requirements resolve to."""

    name: Label
    lock: str = ""
    """Path of a ``uv.lock``, ``poetry.lock`` or ``pylock.toml``, from the atom's directory."""
    requirements: tuple[str, ...] = ()
    """As PEP 508 has them, such as ``flask==3.0.3``; instead of a lock file."""
    python: str
    """Version of the Python that will run them, such as ``3.11``."""
    platform: str = DEFAULT_PLATFORM
    """The newest C library that wheels may be made for, as in their names."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    """Packages left out, with all that only they need."""
    interpreter: str = ""
    """The input whose tree holds that Python; empty: the root file system of the recipe."""

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return "pypi"

    def content(self) -> TomlValue:
        """Return what digests of the declaration are made of."""
        return {
            "lock": self.lock,
            "requirements": list(self.requirements),
            "python": self.python,
            "platform": self.platform,
            "extras": list(self.extras),
            "groups": list(self.groups),
            "skip": list(self.skip),
        }


def normal_name(name: str) -> str:
    """Return the one spelling of a package, extra or group that stands for all of them."""
    return _SEPARATORS.sub("-", name).lower()


def read(table: Table, name: Label, atom: DeclaringAtom) -> PypiSource | None:
    """Return what a table declares; see `ReadSource`."""
    del atom
    lock, requirements = table.text("lock"), table.texts("requirements")
    python = table.required("python", str, 'python = "3.11"')
    platform, interpreter = table.text("platform"), table.text("interpreter")
    extras, groups, skip = (_names(table, key) for key in ("extras", "groups", "skip"))
    if lock is not None and (lock == "." or path_fault(lock)):
        table.invalid("lock", "it is not a plain path below the atom", 'write "uv.lock"')
    _check_requirements(table, requirements)
    if python is not None and _PYTHON.fullmatch(python) is None:
        table.invalid("python", "it is not a version of Python 3", 'write for example "3.11"')
    if platform is not None and _PLATFORM.fullmatch(platform) is None:
        fix = 'write for example "manylinux_2_28" or "musllinux_1_2"'
        table.invalid("platform", "it is not the name of a C library in wheels", fix)
    _check_form(table)
    if python is None:
        return None
    return PypiSource(
        name=name,
        lock=lock or "",
        requirements=requirements,
        python=python,
        platform=platform or DEFAULT_PLATFORM,
        extras=extras,
        groups=groups,
        skip=skip,
        interpreter=interpreter or "",
    )


def _names(table: Table, key: str) -> tuple[str, ...]:
    names = table.texts(key)
    for index, name in enumerate(names):
        if _NAME.fullmatch(name) is None:
            why = f"{name[:MAX_REQUIREMENT_CHARACTERS]!r} is not a name of Python packaging"
            table.invalid(key, why, "write names as in the lock file", index)
    normal = tuple(normal_name(name) for name in names)
    table.distinct(key, normal)
    return normal


def _check_requirements(table: Table, requirements: tuple[str, ...]) -> None:
    fix = 'write for example "flask==3.0.3" or "pillow>=10,<12"'
    for index, text in enumerate(requirements):
        if len(text) > MAX_REQUIREMENT_CHARACTERS or _REQUIREMENT.fullmatch(text) is None:
            table.invalid("requirements", "it is not a requirement of a package", fix, index)
        elif "@" in text.partition(";")[0]:
            why = "a package behind an address has no version to choose"
            table.invalid("requirements", why, "use a source of kind `url` or `git`", index)
    table.distinct("requirements", requirements)


def _check_form(table: Table) -> None:
    forms = [key for key in ("lock", "requirements") if table.has(key)]
    parent = type(table)(table.reader, table.path[:-1], {})
    fix = 'write for example `{ lock = "uv.lock", python = "3.11" }`'
    if len(forms) != 1:
        found = "both" if forms else "neither"
        why = f"expected one of `lock` and `requirements`, found {found}"
        parent.invalid(str(table.path[-1]), why, fix)
        return
    if forms == ["requirements"]:
        if not table.data["requirements"]:
            table.invalid("requirements", "it names no package", fix)
        for key in ("extras", "groups", "skip"):
            if table.has(key):
                why = "it chooses from a lock file, and here is none"
                table.invalid(key, why, f"remove `{key}`")
