"""A directory that the store lies in cannot be added to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from eka.store import Store, UnsafeTree
from eka.store.nix_view.remember import add_path_with_nar

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("depth", [1, 3])
def test_a_directory_that_holds_the_store_is_refused_before_it_is_copied(
    tmp_path: Path, depth: int
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "a").write_bytes(b"x")
    root = project.joinpath(*["s"] * depth)
    with Store.open(root, durable=False) as store:
        for add in (store.add_path, partial(add_path_with_nar, store)):
            with pytest.raises(UnsafeTree) as caught:
                add("project", project)

            assert str(root) in caught.value.why
            assert not list((root / "tmp").rglob("a"))


def test_what_lies_beside_or_in_the_store_can_be_added(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "store").symlink_to("../store")
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_path("project", tmp_path / "project")

        assert store.add_path("project", store.physical(path)) == path
