"""Links of users that keep paths: by which name of the store, and what they never replace."""

from __future__ import annotations

from pathlib import Path

import pytest

from eka.store import RootExists, Store
from tests.store_nodes import nodes


@pytest.mark.spec("gc-roots")
def test_a_root_made_through_a_link_to_the_store_keeps_its_path(tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "real").mkdir()
    with Store.open(tmp_path / "alias" / "store", durable=False) as store:
        path = store.add_tree("mine", nodes(b"x"))
        store.add_root(tmp_path / "result", path)

    with Store.open(tmp_path / "real" / "store", durable=False) as store:
        report = store.gc()

        assert (report.deleted, report.kept) == ((), 1)
        assert store.roots() == {tmp_path / "result": path}


@pytest.mark.spec("gc-roots")
def test_a_relative_link_is_a_root(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("mine", nodes(b"x"))
        (tmp_path / "project").mkdir()
        link = tmp_path / "project" / "result"
        store.add_root(link, path)
        link.unlink()
        link.symlink_to(f"../store/store/{path.base}/bin")

        assert store.roots() == {link: path}


@pytest.mark.spec("gc-roots")
def test_a_root_goes_with_the_directory_that_became_a_file(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("mine", nodes(b"x"))
        store.add_root(tmp_path / "project" / "result", path)

    (tmp_path / "project" / "result").unlink()
    (tmp_path / "project").rmdir()
    (tmp_path / "project").write_text("a file")

    with Store.open(tmp_path / "store", durable=False) as store:
        assert store.roots() == {}
        assert store.gc().deleted == (path,)
        assert list((tmp_path / "store" / "roots").iterdir()) == []


@pytest.mark.spec("gc-roots")
def test_a_link_that_leads_elsewhere_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("/etc/hostname")
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("mine", nodes(b"x"))

        with pytest.raises(RootExists) as caught:
            store.add_root(tmp_path / "current", path)

        assert caught.value.where == str(tmp_path / "current")
        assert str((tmp_path / "current").readlink()) == "/etc/hostname"
        assert store.roots() == {}


@pytest.mark.spec("gc-roots")
def test_a_link_to_a_path_of_another_store_is_replaced(tmp_path: Path) -> None:
    with Store.open(tmp_path / "other", durable=False) as store:
        store.add_root(tmp_path / "result", store.add_tree("mine", nodes(b"x")))

    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("mine", nodes(b"y"))
        store.add_root(tmp_path / "result", path)

        assert store.roots() == {tmp_path / "result": path}


@pytest.mark.parametrize("name", ["漢" * 85, "r" * 255])
def test_a_root_may_have_the_longest_name_there_is(tmp_path: Path, name: str) -> None:
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("mine", nodes(b"x"))
        store.add_root(tmp_path / name, path)

        assert store.roots() == {tmp_path / name: path}


@pytest.mark.spec("gc-roots")
def test_what_is_no_link_among_the_roots_stops_nobody(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", durable=False) as store:
        path = store.add_tree("mine", nodes(b"x"))
        store.add_root(tmp_path / "result", path)
        (tmp_path / "store" / "roots" / "README").write_text("links to links")

        assert store.roots() == {tmp_path / "result": path}
        assert store.gc().kept == 1


def test_a_root_that_another_process_drops_meanwhile_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "store", durable=False) as store:
        store.add_root(tmp_path / "result", store.add_tree("mine", nodes(b"x")))
        readlink = Path.readlink

        def slow(path: Path) -> Path:
            (tmp_path / "result").unlink(missing_ok=True)
            if path.parent == tmp_path / "store" / "roots":
                path.unlink()
            return readlink(path)

        monkeypatch.setattr(Path, "readlink", slow)

        assert store.roots() == {}


def test_a_root_is_on_the_medium_when_the_store_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "store") as store:
        path = store.add_tree("mine", nodes(b"x"))
    synced: list[Path] = []
    monkeypatch.setattr("eka.store.keeping.sync_file_system", synced.append)

    with Store.open(tmp_path / "store") as store:
        store.add_root(tmp_path / "result", path)

        assert synced == []

    assert synced == [tmp_path / "store"]
