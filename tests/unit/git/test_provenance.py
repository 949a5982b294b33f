"""Each level of provenance holds for an honest atom, and fails for its own lie."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from eka.atom import (
    AtomCommit,
    CommitFormat,
    ContentHash,
    Genesis,
    Label,
    ObjectId,
    SourceUrl,
    TreePolicyViolation,
    Version,
    atom_id,
    content_hash,
)
from eka.errors import Exit, Problems
from eka.git import (
    AtomReport,
    ExpectedAtom,
    Level,
    LevelReport,
    NetworkFailed,
    ProvenanceMismatch,
    RefusedObjects,
    Status,
    verify_atom,
)
from tests.fakes.objects import FakeHistory, FakeObjects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.errors import EkaError

LABEL, VERSION = Label("zlib"), Version.parse("1.3.1")
MANIFEST = b'[package]\nlabel = "zlib"\nversion = "1.3.1"\n'
FILES: Mapping[str, bytes | str] = {"atom.toml": MANIFEST, "src/main.c": b"int main;\n"}
SOURCE = {f"pkgs/zlib/{name}": content for name, content in FILES.items()} | {"README": b"read\n"}
OTHER = ObjectId("f" * 40)
URL = SourceUrl("https", "example.org", "/set")


@dataclass
class World:
    """A set with one source commit on top of its genesis, and one atom."""

    objects: FakeObjects
    genesis: Genesis
    origin: ObjectId
    tree: ObjectId
    manifest: ObjectId

    def commit(self) -> AtomCommit:
        """The honest atom commit, of format 2."""
        return AtomCommit(
            format=CommitFormat.V2,
            tree=self.tree,
            origin=self.origin,
            label=LABEL,
            version=VERSION,
            path="pkgs/zlib",
            manifest=self.manifest,
            content=content_hash(self.tree, self.objects),
        )

    def expected(self) -> ExpectedAtom:
        """What the ref and the genesis say."""
        return ExpectedAtom(label=LABEL, version=VERSION, genesis=self.genesis)

    def verify(self, commit: AtomCommit, expected: ExpectedAtom | None = None) -> AtomReport:
        """Store a commit and verify it."""
        rev = self.objects.add_commit(commit.encode())
        return verify_atom(
            rev,
            expected=expected or self.expected(),
            reader=self.objects,
            history=FakeHistory(self.objects),
        )


@pytest.fixture
def world() -> World:
    objects = FakeObjects()
    genesis = Genesis(objects.add_source(objects.add_files({"README": b"first\n"})))
    origin = objects.add_source(objects.add_files(SOURCE), genesis)
    tree = objects.add_files(FILES)
    return World(objects, genesis, origin, tree, objects.add_blob(MANIFEST))


def statuses(report: AtomReport) -> dict[str, str]:
    return {one.level.value: one.status.value for one in report.levels}


def only_failure(report: AtomReport) -> LevelReport:
    failed = [one for one in report.levels if one.status is Status.FAILED]
    assert len(failed) == 1
    return failed[0]


ALL_OK = dict.fromkeys(["bytes", "manifest", "subtree", "ancestry", "content"], "ok")


@pytest.mark.spec("level-states")
def test_every_level_of_an_honest_atom_is_ok(world: World) -> None:
    commit = world.commit()

    report = world.verify(commit)

    assert statuses(report) == ALL_OK
    assert report.is_sound
    assert report.is_proved
    assert (report.commit, report.manifest, report.content) == (
        commit,
        world.manifest,
        commit.content,
    )
    report.raise_failures()


def test_every_pin_of_a_lock_is_compared(world: World) -> None:
    commit = world.commit()
    expected = replace(
        world.expected(),
        id=atom_id(world.genesis, LABEL),
        rev=commit.id(),
        tree=world.tree,
        content=commit.content,
    )

    assert statuses(world.verify(commit, expected)) == ALL_OK


@pytest.mark.spec("level-bytes")
@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("label", ExpectedAtom(label=Label("lua"), version=VERSION)),
        ("version", ExpectedAtom(label=LABEL, version=Version.parse("1.3.2"))),
        ("commit", ExpectedAtom(label=LABEL, version=VERSION, rev=OTHER)),
        ("tree", ExpectedAtom(label=LABEL, version=VERSION, tree=OTHER)),
        ("id", ExpectedAtom(label=LABEL, version=VERSION, id=atom_id(Genesis(OTHER), LABEL))),
    ],
)
def test_a_commit_that_ref_or_lock_do_not_mean_fails(
    world: World, what: str, expected: ExpectedAtom
) -> None:
    report = world.verify(world.commit(), replace(expected, genesis=world.genesis))

    assert report.level(Level.BYTES).status is Status.FAILED
    assert report.level(Level.BYTES).expected.split()[0] == what
    assert not report.is_sound


@pytest.mark.spec("level-bytes")
@pytest.mark.parametrize(
    ("honest", "spoilt"),
    [
        pytest.param(b"\nauthor", b"\nparent " + b"1" * 40 + b"\nauthor", id="parent"),
        pytest.param(b"\nformat", b"\nextra 1\nformat", id="header"),
        pytest.param(b"author  <> 0", b"author  <> 1", id="date"),
        pytest.param(b"author  <>", b"author A <>", id="author"),
        pytest.param(b"1.3.1", b"1.3.1\n", id="line-end"),
        pytest.param(b"format 2", b"format 3", id="format"),
        pytest.param(b"tree ", b"Tree ", id="tree"),
    ],
)
def test_bytes_that_no_publisher_writes_are_no_atom(
    world: World, honest: bytes, spoilt: bytes
) -> None:
    rev = world.objects.add_commit(world.commit().encode().replace(honest, spoilt, 1))

    report = verify_atom(rev, expected=world.expected(), reader=world.objects)

    assert statuses(report) == {
        "bytes": "failed",
        "manifest": "unavailable",
        "subtree": "unavailable",
        "ancestry": "unavailable",
        "content": "unavailable",
    }
    assert report.commit is None


@pytest.mark.spec("level-bytes")
def test_an_object_that_is_not_what_its_id_says_fails(world: World) -> None:
    rev = world.objects.add_commit(world.commit().encode())
    flipped = bytearray(world.commit().encode())
    flipped[-1] ^= 1
    world.objects.replace_commit(rev, bytes(flipped))

    report = verify_atom(rev, expected=world.expected(), reader=world.objects)

    assert report.level(Level.BYTES).expected == f"commit {rev.hex}"
    assert not report.is_sound


@pytest.mark.spec("level-bytes")
def test_an_object_that_is_no_commit_fails(world: World) -> None:
    report = verify_atom(world.manifest, expected=world.expected(), reader=world.objects)

    assert only_failure(report).found.startswith("blob")


@pytest.mark.spec("policy-first")
def test_a_tree_against_the_policy_is_refused_before_anything_reads_it(world: World) -> None:
    objects = world.objects
    blob = objects.add_blob(b"x")
    tree = objects.add_tree([objects.link(b"link", b"/etc/passwd")])
    commit = replace(world.commit(), tree=tree, manifest=blob)

    with pytest.raises(TreePolicyViolation) as caught:
        world.verify(commit)

    assert caught.value.exit_status == Exit.INTEGRITY
    assert blob not in objects.blobs_read


@pytest.mark.spec("level-manifest")
@pytest.mark.parametrize(
    "manifest",
    [
        b'[package]\nlabel = "lua"\nversion = "1.3.1"\n',
        b'[package]\nlabel = "zlib"\nversion = "1.3.2"\n',
        b'[package]\nlabel = "zlib"\n',
        b'[package]\nlabel = ["zlib"]\nversion = "1.3.1"\n',
        b'package = "zlib"\n',
        b"not toml",
        b"",
    ],
)
def test_a_manifest_that_names_another_atom_fails(world: World, manifest: bytes) -> None:
    objects = world.objects
    files = {**FILES, "atom.toml": manifest}
    tree = objects.add_files(files)
    origin = objects.add_source(
        objects.add_files({"pkgs/zlib/" + n: c for n, c in files.items()}), world.genesis
    )
    commit = replace(
        world.commit(),
        tree=tree,
        origin=origin,
        manifest=objects.add_blob(manifest),
        content=content_hash(tree, objects),
    )

    assert only_failure(world.verify(commit)).level is Level.MANIFEST


@pytest.mark.spec("level-manifest")
def test_a_lying_manifest_header_fails(world: World) -> None:
    commit = replace(world.commit(), manifest=OTHER)

    failure = only_failure(world.verify(commit))

    assert (failure.level, failure.expected) == (Level.MANIFEST, f"manifest {OTHER.hex}")
    assert failure.found == f"manifest {world.manifest.hex}"


@pytest.mark.spec("level-manifest")
@pytest.mark.parametrize(
    "files", [{"README": b""}, {"atom.toml/x": b""}, {"atom.toml": "README", "README": b""}]
)
def test_a_tree_without_a_manifest_file_fails(world: World, files: dict[str, bytes | str]) -> None:
    tree = world.objects.add_files(files)
    commit = replace(world.commit(), tree=tree)

    report = world.verify(commit)

    assert report.level(Level.MANIFEST).found == "none"
    assert report.manifest is None


@pytest.mark.spec("level-subtree")
@pytest.mark.parametrize("path", ["pkgs", "pkgs/lua", "README", ".", "pkgs/zlib/src"])
def test_a_tree_that_the_source_does_not_hold_at_the_path_fails(world: World, path: str) -> None:
    failure = only_failure(world.verify(replace(world.commit(), path=path)))

    assert failure.level is Level.SUBTREE
    assert failure.expected.startswith(f"tree {world.tree.hex} at {path}")


@pytest.mark.spec("level-subtree")
def test_an_atom_may_be_the_root_of_its_source(world: World) -> None:
    origin = world.objects.add_source(world.tree, world.genesis)

    assert statuses(world.verify(replace(world.commit(), path=".", origin=origin))) == ALL_OK


@pytest.mark.spec("level-subtree")
def test_a_tree_that_was_changed_after_the_source_commit_fails(world: World) -> None:
    objects = world.objects
    tree = objects.add_files({**FILES, "src/main.c": b"int evil;\n"})
    commit = replace(world.commit(), tree=tree, content=content_hash(tree, objects))

    assert only_failure(world.verify(commit)).level is Level.SUBTREE


def _pre1(world: World) -> AtomCommit:
    return replace(
        world.commit(), format=CommitFormat.PRE1, path=None, manifest=None, content=None
    )


@pytest.mark.spec("subtree-without-path")
def test_without_a_path_the_tree_may_be_anywhere(world: World) -> None:
    root = replace(_pre1(world), origin=world.objects.add_source(world.tree, world.genesis))

    assert statuses(world.verify(_pre1(world))) == {**ALL_OK, "content": "absent"}
    assert statuses(world.verify(root)) == {**ALL_OK, "content": "absent"}


@pytest.mark.spec("subtree-without-path")
def test_without_a_path_a_tree_that_is_nowhere_fails(world: World) -> None:
    tree = world.objects.add_files({**FILES, "new": b""})

    failure = only_failure(world.verify(replace(_pre1(world), tree=tree)))

    assert (failure.level, failure.found) == (Level.SUBTREE, "none")


OLD_FILES: Mapping[str, bytes | str] = {
    "src/std.atom": b'[atom]\nid = "zlib"\nversion = "1.3.1"\n',
    "src/std/lib.nix": b"{ }\n",
    "src/other.atom": b"",
    "src/other/x": b"",
}


def _format_1(world: World, names: list[str]) -> AtomCommit:
    objects = world.objects
    kept = {name.removeprefix("src/"): OLD_FILES[name] for name in names}
    return AtomCommit(
        format=CommitFormat.V1,
        tree=objects.add_files(kept),
        origin=objects.add_source(objects.add_files(OLD_FILES), world.genesis),
        label=LABEL,
        version=VERSION,
        path="src",
    )


@pytest.mark.spec("subtree-format-1", "level-manifest")
def test_the_filtered_tree_of_format_1_is_built_again(world: World) -> None:
    report = world.verify(_format_1(world, ["src/std.atom", "src/std/lib.nix"]))

    assert statuses(report) == {**ALL_OK, "content": "absent"}


@pytest.mark.spec("subtree-format-1")
@pytest.mark.parametrize("names", [["src/std.atom"], ["src/std.atom", "src/other/x"]])
def test_a_filtered_tree_with_other_entries_fails(world: World, names: list[str]) -> None:
    assert only_failure(world.verify(_format_1(world, names))).level is Level.SUBTREE


@pytest.mark.spec("level-manifest")
def test_format_1_has_one_manifest(world: World) -> None:
    report = world.verify(_format_1(world, ["src/std.atom", "src/other.atom"]))

    assert report.level(Level.MANIFEST).found == "2 of them"
    assert report.level(Level.SUBTREE).status is Status.FAILED


@pytest.mark.spec("level-ancestry")
def test_a_source_that_descends_from_another_root_fails(world: World) -> None:
    objects = world.objects
    stranger = objects.add_source(objects.add_files({"x": b""}))
    expected = replace(world.expected(), genesis=Genesis(stranger))

    assert only_failure(world.verify(world.commit(), expected)).level is Level.ANCESTRY


@pytest.mark.spec("level-ancestry")
def test_a_genesis_with_parents_fails(world: World) -> None:
    expected = replace(world.expected(), genesis=Genesis(world.origin))

    failure = only_failure(world.verify(world.commit(), expected))

    assert (failure.level, failure.found) == (Level.ANCESTRY, "a commit with parents")


@pytest.mark.spec("level-ancestry")
def test_an_atom_may_come_from_the_genesis_itself(world: World) -> None:
    origin = world.objects.add_source(world.objects.add_files(SOURCE))
    expected = replace(world.expected(), genesis=Genesis(origin))

    assert statuses(world.verify(replace(world.commit(), origin=origin), expected)) == ALL_OK


@pytest.mark.spec("level-states")
def test_without_a_genesis_there_is_nothing_to_check_ancestry_against(world: World) -> None:
    report = world.verify(world.commit(), replace(world.expected(), genesis=None))

    assert report.level(Level.ANCESTRY).status is Status.ABSENT
    assert report.is_proved


@pytest.mark.spec("ancestry-raw")
def test_the_history_of_a_shallow_source_proves_nothing(world: World) -> None:
    history = FakeHistory(world.objects)
    history.is_shallow = True
    rev = world.objects.add_commit(world.commit().encode())

    report = verify_atom(rev, expected=world.expected(), reader=world.objects, history=history)

    assert report.level(Level.ANCESTRY).status is Status.UNAVAILABLE
    assert (report.is_sound, report.is_proved) == (True, False)


@pytest.mark.spec("level-content")
def test_a_lying_content_header_fails(world: World) -> None:
    lie = ContentHash("0" * 64)

    failure = only_failure(world.verify(replace(world.commit(), content=lie)))

    assert (failure.level, failure.expected) == (Level.CONTENT, lie.hex)
    assert failure.found == content_hash(world.tree, world.objects).hex


@pytest.mark.spec("level-content")
def test_the_lock_decides_where_the_commit_claims_no_content(world: World) -> None:
    found = content_hash(world.tree, world.objects)
    honest = replace(world.expected(), content=found)
    lying = replace(world.expected(), content=ContentHash("0" * 64))

    assert statuses(world.verify(_pre1(world), honest)) == ALL_OK
    assert only_failure(world.verify(_pre1(world), lying)).found == found.hex
    assert world.verify(_pre1(world)).level(Level.CONTENT).found == found.hex


@pytest.mark.spec("origin-unavailable")
@pytest.mark.parametrize("has_history", [True, False])
def test_without_the_source_commit_two_levels_are_unavailable(
    world: World, *, has_history: bool
) -> None:
    rev = world.objects.add_commit(world.commit().encode())
    down: EkaError = NetworkFailed(URL, "it is down")
    history = FakeHistory(world.objects, fails=down) if has_history else None

    report = verify_atom(rev, expected=world.expected(), reader=world.objects, history=history)

    assert statuses(report) == {**ALL_OK, "subtree": "unavailable", "ancestry": "unavailable"}
    assert (report.is_sound, report.is_proved) == (True, False)


@pytest.mark.spec("origin-unavailable")
def test_a_source_that_sends_unsound_objects_fails(world: World) -> None:
    rev = world.objects.add_commit(world.commit().encode())
    unsound = RefusedObjects(URL, "a bad pack")
    history = FakeHistory(world.objects, fails=unsound)

    report = verify_atom(rev, expected=world.expected(), reader=world.objects, history=history)

    assert report.level(Level.SUBTREE).status is Status.FAILED
    assert report.level(Level.ANCESTRY).status is Status.FAILED


def test_failures_are_raised_together(world: World) -> None:
    commit = replace(world.commit(), manifest=OTHER, content=ContentHash("0" * 64))

    with pytest.raises(Problems) as caught:
        world.verify(commit).raise_failures()

    problems = caught.value.problems
    assert [type(problem) for problem in problems] == [ProvenanceMismatch] * 2
    assert caught.value.worst == Exit.INTEGRITY
