"""What ``[NAME=]pypi:REQUIREMENT#python=VERSION`` means to ``eka add``."""

from __future__ import annotations

import re

from eka.workflow.add_kinds import InvalidDirectSource, Typed, label_in

_PYTHON = "#python="
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def typed_pypi(rest: str) -> Typed:
    """Return a Python package and all it needs."""
    requirement, said, python = rest.partition(_PYTHON)
    match = _NAME.match(requirement)
    if match is None or not said:
        fix = f"write for example 'pypi:flask==3.0.3{_PYTHON}3.11'; for a lock file: eka import"
        why = "`pypi:` is followed by a requirement and the Python it is for"
        raise InvalidDirectSource(f"pypi:{rest}", why, fix)
    return Typed({"requirements": [requirement], "python": python}, label_in(match[0].lower()))
