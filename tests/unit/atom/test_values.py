"""What all values of the atom format have in common."""

from __future__ import annotations

import pickle
from copy import deepcopy
from dataclasses import FrozenInstanceError, fields

import pytest

from eka.atom import (
    DEFAULT_LIMITS,
    AtomCommit,
    AtomId,
    CommitFormat,
    ContentHash,
    Label,
    ObjectId,
    Requirement,
    Tag,
    TreeEntry,
    TreeSummary,
    Version,
)

OID = ObjectId("0" * 40)
VALUES = [
    Label("a"),
    Tag("a.b"),
    OID,
    AtomId("0" * 52),
    ContentHash("0" * 64),
    Version(1, 2, 3, ("rc", "1")),
    Requirement("^1.2"),
    Requirement("^1.2").comparators[0],
    TreeEntry("100644", b"a", OID),
    TreeSummary(1, 2, 3),
    DEFAULT_LIMITS,
    AtomCommit(
        format=CommitFormat.PRE1, tree=OID, origin=OID, label=Label("a"), version=Version(1, 0, 0)
    ),
]
each_value = pytest.mark.parametrize("value", VALUES, ids=[type(v).__name__ for v in VALUES])


@each_value
def test_a_value_never_changes(value: object) -> None:
    name = fields(value)[0].name  # type: ignore[arg-type] # every one of them is a dataclass

    with pytest.raises(FrozenInstanceError):
        setattr(value, name, getattr(value, name))


@each_value
def test_a_value_crosses_a_process_border(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - the bytes are our own


@each_value
def test_a_value_can_be_a_key(value: object) -> None:
    assert {value: 1}[deepcopy(value)] == 1
