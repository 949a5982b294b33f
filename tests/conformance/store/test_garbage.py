"""What is collected, and what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.store import PathNotFound, RootExists, Store, StorePath
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, StorePath, StorePath, StorePath]:
    """A store with an output, what it refers to, and something else; nobody has it open."""
    root = tmp_path / "filled"
    with Store.open(root, durable=False) as store:
        dep, other = (store.add_tree(name, nodes(b"x")) for name in ("dep", "other"))
        built = store.staging("out") / "out"
        built.write_text(dep.text)
        placeholder = StorePath("p" * 32, "out")
        out = store.register_output("out", built, placeholder=placeholder, candidates=[dep])
    return root, out, dep, other


Filled = tuple["Path", StorePath, StorePath, StorePath]


@pytest.mark.spec("gc-roots")
def test_what_nothing_keeps_is_deleted(filled: Filled) -> None:
    root, *paths = filled
    with Store.open(root, durable=False) as store:
        report = store.gc()

        assert report.deleted == tuple(sorted(paths))
        assert report.freed_bytes == 1 + 1 + len(paths[1].text)
        assert (report.kept, store.info().paths) == (0, 0)
        assert list(store.physical_root.iterdir()) == []
        assert not any(store.has(path) for path in paths)


@pytest.mark.spec("gc-roots")
@pytest.mark.spec("gc-references")
def test_a_root_keeps_a_path_and_all_it_refers_to(filled: Filled, tmp_path: Path) -> None:
    root, out, dep, other = filled
    with Store.open(root, durable=False) as store:
        store.add_root(tmp_path / "result", out)

        assert store.gc().deleted == (other,)
        assert store.roots() == {tmp_path / "result": out}
        assert (tmp_path / "result").read_text() == dep.text

        (tmp_path / "result").unlink()

        assert store.gc().deleted == tuple(sorted([out, dep]))
        assert store.roots() == {}
        assert list((root / "roots").iterdir()) == []


@pytest.mark.spec("gc-roots")
def test_a_root_follows_the_link(filled: Filled, tmp_path: Path) -> None:
    root, out, dep, other = filled
    with Store.open(root, durable=False) as store:
        store.add_root(tmp_path / "result", out)
        store.add_root(tmp_path / "result", other)

        assert store.roots() == {tmp_path / "result": other}
        assert store.gc().deleted == tuple(sorted([out, dep]))


@pytest.mark.spec("gc-roots")
def test_a_link_to_a_link_or_below_a_path_is_a_root(filled: Filled, tmp_path: Path) -> None:
    root, out, dep, other = filled
    with Store.open(root, durable=False) as store:
        store.add_root(tmp_path / "result", out)
        (tmp_path / "result").unlink()
        (tmp_path / "second").symlink_to(store.physical(out) / "below")
        (tmp_path / "result").symlink_to("second")

        assert store.gc().deleted == (other,)
        assert store.has(dep)


def test_a_link_that_was_turned_elsewhere_keeps_nothing(filled: Filled, tmp_path: Path) -> None:
    root, out, _, _ = filled
    with Store.open(root, durable=False) as store:
        store.add_root(tmp_path / "result", out)
        (tmp_path / "result").unlink()
        (tmp_path / "result").symlink_to("result")

        assert store.roots() == {}
        assert len(store.gc().deleted) == 3


def test_a_file_is_not_replaced_by_a_root(filled: Filled, tmp_path: Path) -> None:
    root, out, _, _ = filled
    (tmp_path / "result").write_text("mine")
    with Store.open(root, durable=False) as store, pytest.raises(RootExists) as caught:
        store.add_root(tmp_path / "result", out)

    assert caught.value.where == str(tmp_path / "result")
    assert (tmp_path / "result").read_text() == "mine"


def test_there_is_no_root_for_what_is_not_there(filled: Filled, tmp_path: Path) -> None:
    root, *_ = filled
    with Store.open(root, durable=False) as store, pytest.raises(PathNotFound):
        store.add_root(tmp_path / "result", StorePath("m" * 32, "missing"))

    assert not (tmp_path / "result").is_symlink()


@pytest.mark.spec("gc-roots")
def test_a_lease_keeps_paths_as_long_as_it_lasts(filled: Filled) -> None:
    root, out, dep, other = filled
    with Store.open(root, durable=False) as store, Store.open(root, durable=False) as collector:
        with store.lease([out]), store.lease([out]):
            assert collector.gc().deleted == (other,)
        with store.lease([dep]):
            assert collector.gc().deleted == (out,)

        assert collector.gc().deleted == (dep,)
        with pytest.raises(PathNotFound), store.lease([dep]):
            pass


@pytest.mark.spec("gc-roots")
def test_what_a_process_adds_stays_until_it_closes_the_store(filled: Filled) -> None:
    root, *paths = filled
    with Store.open(root, durable=False) as collector:
        with Store.open(root, durable=False) as store:
            fresh = store.add_tree("fresh", nodes(b"x"))
            again = store.add_tree("other", nodes(b"x"))

            assert set(collector.gc().deleted) == set(paths) - {again}
            assert store.has(fresh)
            assert again == paths[2]

        assert set(collector.gc().deleted) == {fresh, again}


def test_a_dry_run_deletes_nothing(filled: Filled, tmp_path: Path) -> None:
    root, out, _, other = filled
    with Store.open(root, durable=False) as store:
        store.add_root(tmp_path / "result", out)
        store.add_root(tmp_path / "gone", out)
        (tmp_path / "gone").unlink()

        report = store.gc(dry_run=True)

        assert (report.deleted, report.dry_run, report.kept) == ((other,), True, 2)
        assert store.has(other)
        assert len(list((root / "roots").iterdir())) == 2


def test_a_deleted_path_can_be_added_again(filled: Filled) -> None:
    root, _, _, other = filled
    with Store.open(root, durable=False) as store:
        store.gc()

        assert store.add_tree("other", nodes(b"x")) == other
        assert store.has(other)
        assert store.verify() == []


def test_marking_reads_the_database_alone(filled: Filled, tmp_path: Path) -> None:
    root, out, dep, other = filled
    with Store.open(root, durable=False) as store:
        store.add_root(tmp_path / "result", out)
        for path in (out, dep):
            store.physical(path).unlink()

        assert store.gc().deleted == (other,)
