"""What ``npm:…`` means to ``eka add``: ``PACKAGE`` or ``PACKAGE@RANGE``."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.workflow.add_kinds import Typed, label_in

if TYPE_CHECKING:
    from eka.atom import TomlValue


def typed_npm(rest: str) -> Typed:
    """Return one package of the npm registry."""
    scope, slash, name = rest.rpartition("/")
    name, at, version = name.partition("@")
    spec: dict[str, TomlValue] = {"package": scope + slash + name}
    if at:
        spec["version"] = version
    return Typed(spec, label_in(name))
