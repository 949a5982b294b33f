"""Looking for damage while others collect and add."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.store import FaultKind, Store
from eka.store.verify import verify_paths
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from eka.store import VerifyFault
    from eka.store.database import PathRow
    from eka.store.session import Layout


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_path_that_is_collected_meanwhile_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, comes_back: bool
) -> None:
    with Store.open(tmp_path, durable=False) as store:
        store.add_tree("mine", nodes(b"x"))
    looks: list[int] = []

    def slow(layout: Layout, rows: Iterable[PathRow]) -> Iterator[VerifyFault]:
        """Let another process collect everything before the first look."""
        looks.append(1)
        if len(looks) > 1:
            yield from verify_paths(layout, rows)
            return
        with Store.open(tmp_path, durable=False) as other:
            other.gc()
            seen = list(verify_paths(layout, rows))
            if comes_back:
                other.add_tree("mine", nodes(b"x"))
        yield from seen

    monkeypatch.setattr("eka.store.store.verify_paths", slow)

    with Store.open(tmp_path, durable=False) as store:
        assert store.verify() == []

    assert len(looks) == 1 + comes_back


def test_what_is_damaged_is_damaged_at_the_second_look(tmp_path: Path) -> None:
    with Store.open(tmp_path, durable=False) as store:
        path = store.add_tree("mine", nodes(b"x"))
        store.physical(path).chmod(0o644)
        store.physical(path).write_bytes(b"y")

        kinds = {fault.kind for fault in store.verify()}

    assert kinds == {FaultKind.CONTENT, FaultKind.MODE}
