from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import pytest

from eka.build.errors import (
    ArchiveConflict,
    ArchiveLacks,
    ArchiveTooLarge,
    BrokenArchive,
    UnsafeArchive,
    UnsupportedArchive,
)
from eka.build.spool import LayerFile
from eka.build.unpack import unpacked
from eka.errors import EkaError
from eka.store import (
    DirNode,
    FileNode,
    Layer,
    LayerFormat,
    LinkNode,
    TreeInput,
    UnpackAction,
)
from tests.fakes.archives import (
    Entry,
    ar,
    deb,
    directory,
    file,
    hardlink,
    header,
    layer,
    symlink,
    tar,
    zipped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from eka.store import Node

Tree = dict[str, "str | bytes | None"]
DEB, TAR, SOURCE = LayerFormat.DEB, LayerFormat.TAR, LayerFormat.DEBIAN_SOURCE


def unpack(
    layers: Sequence[tuple[LayerFormat, LayerFile]],
    *,
    strip: int = 0,
    links: Mapping[str, str] | None = None,
    max_bytes: int = 1 << 30,
) -> Tree:
    """Return path -> bytes of a file (executables end in ``*``), target of a link, or None."""
    files = {f"f{index}": each for index, (_, each) in enumerate(layers)}
    action = UnpackAction(
        name="tree",
        layers=tuple(Layer(f"f{index}", kind) for index, (kind, _) in enumerate(layers)),
        inputs={name: TreeInput("0" * 64, "unused") for name in files},
        strip=strip,
        links=links or {},
    )
    found: Tree = {}
    for node in unpacked(action, files, io.BytesIO(), max_bytes=max_bytes):
        path = b"/".join(node.path).decode()
        match node:
            case DirNode():
                found[path] = None
            case LinkNode(_, target):
                found[path] = target.decode()
            case FileNode(_, executable, chunks):
                found[path + "*" * executable] = b"".join(chunks)
    assert found.pop("") is None
    return found


def part(
    kind: LayerFormat, file: LayerFile, *, strip: int | None = None, subdir: str = ""
) -> Tree:
    """Return a tree that is part of one archive."""
    action = UnpackAction(
        name="tree",
        layers=(Layer("f", kind, strip, subdir),),
        inputs={"f": TreeInput("0" * 64, "unused")},
        strip=1,
    )
    nodes = unpacked(action, {"f": file}, io.BytesIO())
    return {
        b"/".join(node.path).decode(): b"".join(node.chunks)
        if isinstance(node, FileNode)
        else None
        for node in nodes
    }


def from_tar(*entries: Entry, strip: int = 0) -> Tree:
    return unpack([(TAR, layer("a.tar", tar(*entries)))], strip=strip)


def from_debs(*packages: Sequence[Entry]) -> Tree:
    return unpack([(DEB, layer("a.deb", deb(*entries))) for entries in packages])


@pytest.mark.parametrize("kind", ["xz", "gz", "bz2", "plain"])
@pytest.mark.spec("unpack-kinds")
def test_a_debian_package_gives_its_files(kind: str) -> None:
    package = deb(directory("./"), directory("./usr/"), file("./usr/f", b"data"), kind=kind)

    found = unpack([(DEB, layer("a.deb", package))])

    assert found == {"usr": None, "usr/f": b"data"}


@pytest.mark.spec("unpack-merge")
def test_later_layers_lie_over_earlier_ones() -> None:
    found = from_debs(
        [file("./etc/a", b"old"), file("./etc/b", b"kept"), symlink("./etc/c", "a")],
        [file("./etc/a", b"new", mode=0o755), file("./etc/c", b"no link any more")],
    )

    assert found == {
        "etc": None,
        "etc/a*": b"new",
        "etc/b": b"kept",
        "etc/c": b"no link any more",
    }


@pytest.mark.spec("unpack-usr")
def test_packages_are_laid_on_a_root_with_merged_usr() -> None:
    found = from_debs(
        [directory("./bin/"), file("./bin/sh", b"shell", mode=0o755)],
        [file("./usr/bin/cc", b"compiler"), file("./usr/lib/libc", b"library")],
        [file("./lib64/ld", b"loader")],
    )

    assert found == {
        "bin": "usr/bin",
        "lib": "usr/lib",
        "lib64": "usr/lib64",
        "usr": None,
        "usr/bin": None,
        "usr/bin/cc": b"compiler",
        "usr/bin/sh*": b"shell",
        "usr/lib": None,
        "usr/lib/libc": b"library",
        "usr/lib64": None,
        "usr/lib64/ld": b"loader",
    }


@pytest.mark.spec("unpack-usr")
def test_a_package_may_ship_the_merging_links_itself() -> None:
    found = from_debs(
        [directory("./bin"), file("./bin/sh", b"shell")],
        [symlink("./bin", "usr/bin")],
        [file("./bin/awk", b"awk")],
    )

    assert found["bin"] == "usr/bin"
    assert found["usr/bin/sh"] == b"shell"
    assert found["usr/bin/awk"] == b"awk"


@pytest.mark.spec("unpack-usr")
def test_a_plain_tar_keeps_its_own_shape() -> None:
    found = from_tar(file("bin/tool", b"x"), file("usr/lib/y", b"y"))

    assert "lib" not in found
    assert found["bin"] is None


@pytest.mark.spec("unpack-merge")
def test_a_directory_does_not_replace_a_link_to_a_directory() -> None:
    found = from_debs(
        [directory("./real"), symlink("./alias", "real")],
        [directory("./alias"), file("./alias/f", b"through")],
    )

    assert found == {"real": None, "alias": "real", "real/f": b"through"}


@pytest.mark.spec("unpack-merge")
def test_a_link_does_not_replace_a_directory() -> None:
    found = from_debs([file("./doc/f", b"kept")], [symlink("./doc", "elsewhere")])

    assert found == {"doc": None, "doc/f": b"kept"}


@pytest.mark.spec("unpack-contained")
@pytest.mark.parametrize(
    ("target", "landed"),
    [
        ("/etc", "etc/passwd"),
        ("../../../etc", "etc/passwd"),
        ("..", "passwd"),
        ("a/../../../b", "b/passwd"),
        (".", "passwd"),
        ("/", "passwd"),
    ],
)
def test_writing_through_a_link_stays_in_the_tree(target: str, landed: str) -> None:
    found = from_tar(symlink("x", target), file("x/passwd", b"evil"))

    assert found[landed] == b"evil"
    assert found["x"] == target


@pytest.mark.spec("unpack-contained")
@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "//evil", "..", "a/..", "./../evil"]
)
def test_a_path_that_leaves_the_tree_is_refused(name: str) -> None:
    with pytest.raises(UnsafeArchive) as caught:
        from_tar(file(name, b"evil"))

    assert caught.value.entry == name.encode()


@pytest.mark.spec("unpack-contained")
@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "missing", ".", "d", "l/x"])
def test_a_hard_link_to_something_outside_is_refused(target: str) -> None:
    entries = [directory("d"), symlink("l", "/etc"), hardlink("copy", target)]

    with pytest.raises(UnsafeArchive):
        from_tar(*entries)


@pytest.mark.spec("unpack-bits")
def test_a_hard_link_becomes_a_copy_that_is_replaced_alone() -> None:
    found = from_tar(
        file("a", b"one", mode=0o755), hardlink("d/b", "a"), file("a", b"two"), hardlink("a", "a")
    )

    assert found == {"a": b"two", "d": None, "d/b*": b"one"}


@pytest.mark.spec("unpack-bits")
@pytest.mark.parametrize(("mode", "name"), [(0o4755, "f*"), (0o2644, "f"), (0o6777, "f*")])
def test_only_the_executable_bit_of_a_mode_survives(mode: int, name: str) -> None:
    assert from_tar(file("f", b"x", mode=mode)) == {name: b"x"}


@pytest.mark.spec("unpack-bits")
def test_absolute_links_are_kept_as_they_are() -> None:
    found = from_debs([symlink("./usr/bin/x", "/etc/alternatives/x")])

    assert found["usr/bin/x"] == "/etc/alternatives/x"


@pytest.mark.parametrize(
    "entries",
    [
        [file("a", b"x"), file("a/b", b"y")],
        [file("a", b"x"), directory("a")],
        [directory("a"), file("a", b"x")],
    ],
)
def test_files_and_directories_do_not_take_each_others_place(entries: list[Entry]) -> None:
    with pytest.raises(ArchiveConflict):
        from_tar(*entries)


@pytest.mark.spec("unpack-contained")
def test_a_loop_of_links_ends() -> None:
    with pytest.raises(UnsafeArchive):
        from_tar(symlink("a", "b"), symlink("b", "a"), file("a/f", b"x"))


@pytest.mark.spec("unpack-limits")
@pytest.mark.parametrize(
    "entry",
    [
        file("d/" * 200 + "f"),
        Entry(b"long", b"n" * 300 + b"\0", b"L"),
        symlink("empty", ""),
    ],
)
def test_names_no_file_system_keeps_are_refused(entry: Entry) -> None:
    with pytest.raises(UnsafeArchive):
        from_tar(*([Entry(b"deep", entry.name, b"L")] if len(entry.name) > 100 else []), entry,
                 file("next"))  # fmt: skip


@pytest.mark.spec("unpack-limits")
def test_a_link_that_grows_a_path_for_ever_is_refused() -> None:
    deep = "/".join("d" * 60)

    with pytest.raises(UnsafeArchive):
        from_tar(symlink("x", deep + "/.."), file("x/x/x/x/x/x/" * 1 + "f"),
                 symlink("y", "y/" + deep), file("y/f"))  # fmt: skip


@pytest.mark.spec("unpack-limits")
def test_all_layers_together_have_one_limit() -> None:
    package = deb(file("./f", b"\0" * 400_000))
    layers = [(DEB, layer("a.deb", package)), (DEB, layer("b.deb", package))]

    with pytest.raises(ArchiveTooLarge):
        unpack(layers, max_bytes=600_000)


@pytest.mark.spec("unpack-limits")
def test_a_compressed_bomb_is_refused() -> None:
    bomb = gzip.compress(header(Entry(b"f", size=1 << 33)) + b"\0" * 4_000_000)

    with pytest.raises(ArchiveTooLarge):
        unpack([(TAR, layer("a.tar.gz", bomb))], max_bytes=1_000_000)


@pytest.mark.spec("unpack-kinds")
def test_strip_drops_the_first_directory_of_names_and_link_sources() -> None:
    found = from_tar(
        directory("zlib-1.3/"),
        file("zlib-1.3/a", b"a"),
        hardlink("zlib-1.3/b", "zlib-1.3/a"),
        file("at-the-top", b"dropped"),
        strip=1,
    )

    assert found == {"a": b"a", "b": b"a"}


def test_the_root_must_be_a_directory() -> None:
    with pytest.raises(UnsafeArchive):
        from_tar(symlink("./", "/etc"))


@pytest.mark.spec("unpack-links")
def test_declared_links_are_added_last_with_their_parents() -> None:
    layers = [(DEB, layer("a.deb", deb(file("./usr/bin/mawk", b"awk"))))]

    found = unpack(layers, links={"usr/bin/awk": "mawk", "opt/x/y": "/usr", "bin": "usr/bin"})

    assert found["usr/bin/awk"] == "mawk"
    assert found["opt/x/y"] == "/usr"
    assert found["bin"] == "usr/bin"


@pytest.mark.spec("unpack-links")
@pytest.mark.parametrize("existing", [file("./a", b"x"), directory("./a"), symlink("./a", "c")])
def test_a_declared_link_hides_nothing(existing: Entry) -> None:
    with pytest.raises(ArchiveConflict):
        unpack([(DEB, layer("a.deb", deb(existing)))], links={"a": "b"})


@pytest.mark.spec("unpack-source")
def test_a_source_package_is_upstream_with_the_packaging_over_it() -> None:
    upstream = tar(
        file("zlib-1.3/configure", b"c", mode=0o755),
        file("zlib-1.3/debian/rules", b"of upstream"),
        symlink("zlib-1.3/l", "configure"),
    )
    component = tar(file("extra/e", b"e"))
    packaging = tar(directory("debian"), file("debian/control", b"p"))
    layers = [
        (SOURCE, layer("zlib_1.3-1.debian.tar.xz", packaging)),
        (SOURCE, layer("zlib_1.3.orig-extra.tar.gz", gzip.compress(component))),
        (SOURCE, layer("zlib_1.3-1.dsc", b"a signed text")),
        (SOURCE, layer("zlib_1.3.orig.tar.gz", gzip.compress(upstream))),
        (SOURCE, layer("zlib_1.3.orig.tar.gz.asc", b"a signature")),
    ]

    found = unpack(layers)

    assert found == {
        "configure*": b"c",
        "debian": None,
        "debian/control": b"p",
        "extra": None,
        "extra/e": b"e",
        "l": "configure",
    }


@pytest.mark.spec("unpack-source")
def test_an_upstream_tarball_without_one_top_directory_is_taken_whole() -> None:
    upstream = tar(file("a", b"a"), file("d/b", b"b"))

    found = unpack([(SOURCE, layer("x_1.orig.tar.gz", upstream))])

    assert found == {"a": b"a", "d": None, "d/b": b"b"}


@pytest.mark.spec("unpack-source")
def test_a_native_source_package_has_one_tarball() -> None:
    layers = [
        (SOURCE, layer("x_1.dsc", b"text")),
        (SOURCE, layer("x_1.tar.xz", tar(file("x-1/f", b"f")))),
    ]

    assert unpack(layers) == {"f": b"f"}


@pytest.mark.spec("unpack-source")
def test_packaging_in_a_diff_is_a_clear_error() -> None:
    layers = [
        (SOURCE, layer("x_1.orig.tar.gz", tar(file("x/f")))),
        (SOURCE, layer("x_1-1.diff.gz", b"")),
    ]

    with pytest.raises(UnsupportedArchive) as caught:
        unpack(layers)

    assert caught.value.archive == "x_1-1.diff.gz"


@pytest.mark.parametrize("data", [b"", b"garbage" * 100, ar(("debian-binary", b"2.0\n"))])
def test_what_is_no_package_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenArchive):
        unpack([(DEB, layer("a.deb", data))])


def test_every_refusal_says_what_to_do() -> None:
    hostile = [
        file("../x"),
        hardlink("a", "/b"),
        Entry(b"d", letter=b"3"),
        Entry(b"s", letter=b"S"),
    ]
    refusals: list[EkaError] = []

    for entry in hostile:
        with pytest.raises(EkaError) as caught:
            from_tar(entry)
        refusals.append(caught.value)

    assert all(error.where and error.why and error.fix for error in refusals)


def test_no_layers_are_an_empty_tree() -> None:
    assert unpack([]) == {}


@pytest.mark.spec("unpack-kinds", "unpack-zip")
def test_zip_archives_are_unpacked_without_their_leading_directories() -> None:
    data = zipped(
        ("x-1/", b"", 0o040755), ("x-1/bin/x", b"#!", 0o100755), ("x-1/l", b"bin/x", 0o120777)
    )

    found = unpack([(LayerFormat.ZIP, layer("x.zip", data))], strip=1)

    assert found == {"bin": None, "bin/x*": b"#!", "l": "bin/x"}


@pytest.mark.spec("unpack-contained")
@pytest.mark.parametrize("name", ["/etc/passwd", "../../x", "a/../../x"])
def test_a_zip_archive_cannot_leave_the_tree(name: str) -> None:
    with pytest.raises(UnsafeArchive):
        unpack([(LayerFormat.ZIP, layer("x.zip", zipped((name, b"", 0))))])


@pytest.mark.spec("plan-layer-part", "unpack-part")
def test_a_layer_drops_as_many_directories_as_it_says() -> None:
    archive = layer("a.tar", tar(file("a/b/c/f", b"1"), hardlink("a/b/c/g", "a/b/c/f")))

    assert part(TAR, archive) == {"": None, "b": None, "b/c": None, "b/c/f": b"1", "b/c/g": b"1"}
    assert part(TAR, archive, strip=0).keys() > {"a/b/c/f"}
    assert part(TAR, archive, strip=3) == {"": None, "f": b"1", "g": b"1"}


@pytest.mark.spec("unpack-part")
def test_what_lies_below_one_directory_is_taken() -> None:
    entries = [
        file("p/outside", b"o"), file("p/lib/f", b"1"), symlink("p/lib/l", "../x"),
        hardlink("p/lib/d/h", "p/outside"),
    ]  # fmt: skip

    assert part(TAR, layer("a.tar", tar(*entries)), subdir="lib") == {
        "": None, "d": None, "d/h": b"o", "f": b"1", "l": None,
    }  # fmt: skip
    assert part(LayerFormat.ZIP, layer("a.zip", zipped(("p/lib/f", b"1", 0))), subdir="lib") == {
        "": None, "f": b"1",
    }  # fmt: skip


@pytest.mark.spec("unpack-part")
@pytest.mark.parametrize("subdir", ["absent", "lib/absent", "lib/f"])
def test_a_directory_that_is_not_there_cannot_be_taken(subdir: str) -> None:
    with pytest.raises(ArchiveLacks) as caught:
        part(TAR, layer("a.tar", tar(file("p/lib/f"))), subdir=subdir)

    assert caught.value.path == subdir.encode()


@pytest.mark.spec("unpack-kinds")
def test_directories_of_the_store_are_layers_too() -> None:
    def nodes() -> Iterator[Node]:
        yield from (DirNode(()), DirNode((b"d",)), LinkNode((b"l",), b"d"))
        yield FileNode((b"d", b"x"), True, [b"12", b"3"])  # noqa: FBT003 - executable

    tree = LayerFile("tree", lambda: io.BytesIO(b""), nodes)
    layers = [(TAR, layer("a.tar", tar(file("d/x", b"old"), file("d/y", b"y"))))]

    found = unpack([*layers, (LayerFormat.TREE, tree)])

    assert found == {"d": None, "d/x*": b"123", "d/y": b"y", "l": "d"}


@pytest.mark.spec("unpack-limits")
def test_bytes_of_a_directory_count_as_unpacked() -> None:
    tree = LayerFile(
        "tree",
        lambda: io.BytesIO(b""),
        lambda: iter([FileNode((b"x",), False, [b"1234"])]),  # noqa: FBT003
    )

    with pytest.raises(ArchiveTooLarge):
        unpack([(LayerFormat.TREE, tree)], max_bytes=3)
