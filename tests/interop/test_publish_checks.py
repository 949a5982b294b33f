"""What is checked before the first write; every problem is told, and nothing is published."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from eka.atom import (
    AtomKey,
    Genesis,
    Label,
    Lock,
    LockedAtom,
    LockedSet,
    ObjectId,
    Version,
    atom_id,
    encode_lock,
    parse_manifest,
    requirements_digest,
)
from eka.errors import EkaError, Problems
from tests.fakes.monorepo import Monorepo, pushed_set

if TYPE_CHECKING:
    from pathlib import Path

OWN = '[package.sets]\nhere = "::"\n[deps.from.here]\n'


def problems_of(mono: Monorepo, *labels: str, **options: object) -> list[EkaError]:
    """Publish, and return what is told instead; the remote must stay as it is."""
    before = (mono.server_refs(), mono.refs())
    with pytest.raises(EkaError) as caught:
        mono.publish(*labels, **options)
    assert (mono.server_refs(), mono.refs()) == before
    error = caught.value
    return list(error.problems) if isinstance(error, Problems) else [error]


def codes_of(mono: Monorepo, *labels: str, **options: object) -> list[str]:
    """Publish, and return the codes of what is told instead."""
    return [problem.code for problem in problems_of(mono, *labels, **options)]


def recommitted(mono: Monorepo) -> Monorepo:
    """Commit and push what was written."""
    mono.commit()
    mono.push()
    return mono


@pytest.mark.spec("publish-all-problems")
def test_problems_of_every_kind_are_told_together(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "good")
    mono.write("pkgs/broken/atom.toml", "[package]\nlabel = 1\n")
    mono.atom("twin", path="pkgs/one")
    mono.atom("twin", path="pkgs/two")
    mono.atom("user", more=OWN + 'absent = "^1"\ngood = "^2"\n')
    mono.atom("linked")
    (mono.path / "pkgs/linked/LICENSE").symlink_to("../../../LICENSE")
    mono.commit()
    mono.write("pkgs/good/new", "not committed")

    codes = codes_of(mono)

    assert sorted(codes) == [
        "dirty-atoms",
        "duplicate-label",
        "missing-key",
        "own-dependency-missing",
        "own-dependency-unmet",
        "tree-policy",
        "wrong-type",
    ]


def test_problems_of_manifests_point_at_their_lines(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "good")
    mono.atom("user", more=OWN + 'god = "^1"\n')
    recommitted(mono)

    (problem,) = problems_of(mono)

    assert problem.span is not None
    assert (problem.span.file, problem.span.line) == ("pkgs/user/atom.toml", 7)
    assert "good" in problem.fix


@pytest.mark.spec("discover-label")
def test_a_label_that_is_not_in_the_set_gets_suggestions(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib", "lua")

    (problem,) = problems_of(mono, "zlob")

    assert problem.code == "label-not-in-set"
    assert "zlib" in problem.fix


def test_a_label_may_be_in_a_manifest_that_cannot_be_read(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    mono.write("pkgs/lua/atom.toml", '[package]\nlabel = "lua"\n')
    recommitted(mono)

    assert codes_of(mono, "lua") == ["label-not-in-set", "missing-key"]
    assert len(mono.publish("zlib").new) == 1


def test_a_repository_without_a_set_manifest_is_no_set(tmp_path: Path) -> None:
    mono = Monorepo(tmp_path)
    mono.write("README", "")
    mono.commit()
    mono.push()
    mono.write("ekala.toml", "[set]\npackages = []\n")  # of the working tree alone

    assert codes_of(mono) == ["not-a-set"]


@pytest.mark.spec("discover-patterns")
def test_a_path_that_names_no_atom_is_told(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    mono.write("ekala.toml", '[set]\npackages = ["pkgs/zlib", "pkgs/gone", "docs", "none/*"]\n')
    mono.write("docs/x", "")
    recommitted(mono)

    assert codes_of(mono) == ["package-not-found", "package-not-found"]


@pytest.mark.spec("discover-commit")
def test_the_set_manifest_of_the_commit_counts(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    mono.write("ekala.toml", '[set]\npackages = ["elsewhere/*"]\n')

    assert len(mono.publish().new) == 1


@pytest.mark.spec("discover-no-nesting")
@pytest.mark.parametrize("packages", ['["pkgs/*"]', '["pkgs/outer/inner"]', '["**"]'])
def test_an_atom_inside_another_is_refused(tmp_path: Path, packages: str) -> None:
    mono = pushed_set(tmp_path, "outer")
    mono.atom("inner", path="pkgs/outer/inner")
    mono.write("ekala.toml", f"[set]\npackages = {packages}\n")
    recommitted(mono)

    assert set(codes_of(mono)) == {"nested-atom"}


@pytest.mark.spec("publish-confusable")
@pytest.mark.parametrize(("first", "second"), [("zlib", "Zlib"), ("paypal", "pаypal")])
def test_s09_labels_that_look_alike_do_not_live_in_one_set(
    tmp_path: Path, first: str, second: str
) -> None:
    mono = pushed_set(tmp_path, first)
    mono.atom(second)
    recommitted(mono)

    assert codes_of(mono, second) == ["confusable-label"]


@pytest.mark.spec("publish-confusable")
def test_s09_a_new_label_may_not_look_like_a_published_one_that_is_gone(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    mono.publish()
    mono.git("mv", "pkgs/zlib", "pkgs/other")
    mono.atom("ZLIB", path="pkgs/other")
    recommitted(mono)

    assert codes_of(mono) == ["confusable-label"]


@pytest.mark.spec("publish-confusable")
def test_s09_a_version_may_not_differ_in_case_from_a_published_one(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    mono.atom("zlib", "2.0.0-RC.1")
    recommitted(mono).publish()
    mono.atom("zlib", "2.0.0-rc.1")
    recommitted(mono)

    assert codes_of(mono) == ["confusable-version"]


@pytest.mark.spec("publish-unique-labels")
def test_a_label_names_one_atom(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib", "other")
    mono.atom("zlib", path="pkgs/copy")
    recommitted(mono)

    (problem,) = problems_of(mono, "zlib")

    assert problem.code == "duplicate-label"
    assert problem.where == "pkgs/copy, pkgs/zlib"
    assert len(mono.publish("other").new) == 1


@pytest.mark.spec("publish-own-dependencies")
def test_dependencies_on_the_own_set_are_met_by_the_same_commit(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    mono.atom("app", more=OWN + 'zlib = "^1"\n')
    recommitted(mono)

    assert len(mono.publish().new) == 2

    mono.atom("zlib", "2.0.0")
    mono.atom("app", "1.1.0", more=OWN + 'zlib = "^1"\n')
    recommitted(mono)
    (problem,) = problems_of(mono)
    assert problem.code == "own-dependency-unmet"
    assert "2.0.0" in problem.why


@pytest.mark.spec("publish-tree-policy")
@pytest.mark.parametrize(
    ("target", "content"),
    [
        ("LICENSE", "link"),
        ("file.bin", "pointer"),
        ("a\nb", "plain"),
    ],
)
def test_trees_that_break_the_policy_are_not_published(
    tmp_path: Path, target: str, content: str
) -> None:
    mono = pushed_set(tmp_path, "zlib")
    place = mono.path / "pkgs/zlib" / target
    if content == "link":
        place.symlink_to("../../LICENSE")
    elif content == "pointer":
        place.write_text(
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
        )
    else:
        place.write_text("x")
    recommitted(mono)

    (problem,) = problems_of(mono)

    assert (problem.code, problem.exit_status) == ("tree-policy", 5)
    assert problem.where.startswith("pkgs/zlib/")


@pytest.mark.spec("publish-tree-policy")
def test_a_submodule_in_an_atom_is_refused(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    head = mono.git("rev-parse", "HEAD").strip()
    mono.git("update-index", "--add", "--cacheinfo", f"160000,{head},pkgs/zlib/sub")
    mono.git("commit", "-q", "-m", "Add a submodule")
    mono.push()

    assert codes_of(mono) == ["tree-policy"]


@pytest.mark.spec("publish-tree-policy")
def test_a_directory_no_header_can_name_is_refused(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "zlib")
    for name in (b"pkgs/a\nb", b"pkgs/\xff"):
        directory = mono.path / os.fsdecode(name)
        directory.mkdir()
        (directory / "atom.toml").write_text('[package]\nlabel = "x"\nversion = "1.0.0"\n')
    recommitted(mono)

    assert codes_of(mono) == ["atom-path-refused"] * 2


@pytest.mark.spec("publish-dirty")
@pytest.mark.parametrize("change", ["edit", "stage", "untracked", "delete", "rename", "results"])
def test_uncommitted_changes_are_refused_or_listed(tmp_path: Path, change: str) -> None:
    mono = pushed_set(tmp_path, "zlib", "lua")
    mono.write(".gitignore", "*.o\n")
    recommitted(mono)
    mono.write("pkgs/zlib/x.o", "ignored")
    mono.write("elsewhere", "of no atom")
    expected = {"pkgs/zlib/README"}
    if change in {"edit", "stage"}:
        mono.write("pkgs/zlib/README", "changed")
    elif change == "untracked":
        mono.write("pkgs/zlib/sub/new", "")
        expected = {"pkgs/zlib/sub/new"}
    elif change == "results":
        # Not links, or not of that name: nothing that a build leaves.
        mono.write("pkgs/zlib/result-file", "")
        (mono.path / "pkgs/zlib/results").symlink_to("README")
        expected = {"pkgs/zlib/result-file", "pkgs/zlib/results"}
    elif change == "delete":
        (mono.path / "pkgs/zlib/README").unlink()
    else:
        mono.git("mv", "pkgs/zlib/README", "README")
    if change == "stage":
        mono.git("add", "-A")
    (mono.path / "pkgs/zlib/result").symlink_to("/eka/store/somewhere")
    (mono.path / "pkgs/zlib/result-lua").symlink_to("/eka/store/somewhere")

    assert codes_of(mono, "zlib") == ["dirty-atoms"]
    assert len(mono.publish("lua").new) == 1
    assert set(mono.publish("zlib", allow_dirty=True).left_out) == expected


@pytest.mark.spec("publish-lock")
def test_direct_sources_need_a_lock_that_fits(tmp_path: Path) -> None:
    direct = '[deps.direct.url]\nsrc = { url = "https://example.org/x.tar.gz" }\n'
    mono = pushed_set(tmp_path, "plain")
    mono.atom("fetched", more=direct)
    recommitted(mono)

    assert codes_of(mono) == ["lock-not-committed"]

    mono.write("pkgs/fetched/atom.lock", "version = 2\n")
    recommitted(mono)
    assert len(codes_of(mono)) == 1
    assert len(mono.publish("plain").new) == 1


@pytest.mark.spec("publish-lock")
def test_a_lock_of_another_manifest_is_refused(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "plain")
    mono.write("pkgs/plain/atom.lock", encode_lock(Lock(requirements="0" * 64)))
    recommitted(mono)

    assert codes_of(mono) == ["lock-outdated"]


@pytest.mark.spec("publish-foreign-urls")
def test_sets_named_by_a_path_are_not_published_to_other_machines(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "plain")
    other = '[package.sets]\nother = "../other"\n[deps.from.other]\nx = "^1"\n'
    mono.atom("user", more=other)
    recommitted(mono)

    codes = codes_of(mono, "user", remote="https://host.invalid/set.git")
    assert codes == ["foreign-url", "network-failed"]
    assert len(mono.publish("user").new) == 1


def test_a_revision_that_is_none_is_told(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)

    for revision in ("nowhere", "-x", "HEAD:ekala.toml", "a\nb"):
        assert codes_of(mono, revision=revision) == ["revision-not-found"]


def test_a_branch_without_commits_is_told(tmp_path: Path) -> None:
    assert codes_of(Monorepo(tmp_path)) == ["no-commit-yet"]


@pytest.mark.spec("publish-all-problems")
def test_conflicts_with_the_remote_are_told_with_the_problems_of_the_commit(
    tmp_path: Path,
) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta", "gamma")
    mono.atom("beta", "1.3.0")
    recommitted(mono).publish()
    mono.write("pkgs/alpha/README", "changed")
    mono.atom("beta", "1.2.0")
    (mono.path / "pkgs/gamma/LICENSE").symlink_to("../../../LICENSE")
    recommitted(mono)

    codes = codes_of(mono)

    assert codes == ["tree-policy", "version-conflict", "version-conflict", "version-backwards"]


@pytest.mark.spec("publish-forward")
def test_a_lower_version_is_published_only_when_that_is_meant(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.atom("alpha", "1.3.0")
    recommitted(mono).publish()
    mono.atom("alpha", "1.2.0")
    recommitted(mono)

    (problem,) = problems_of(mono)
    report = mono.publish(allow_backwards=True)
    again = mono.publish()

    assert (problem.code, problem.where) == ("version-backwards", "pkgs/alpha/atom.toml")
    assert [atom.version.text for atom in report.new] == ["1.2.0"]
    assert again.new == ()


@pytest.mark.spec("publish-own-cycle")
def test_atoms_that_need_each_other_are_not_published(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alone")
    mono.atom("one", more=OWN + 'two = "^1"\n')
    mono.atom("two", more=OWN + 'three = "^1"\n')
    mono.atom("three", more=OWN + 'one = "^1"\n')
    mono.atom("self", more=OWN + 'self = "^1"\n')
    recommitted(mono)

    codes = codes_of(mono)
    apart = mono.publish("alone")
    within = codes_of(mono, "two")

    assert codes == ["own-dependency-cycle", "own-dependency-cycle"]
    assert len(apart.new) == 1
    assert within == ["own-dependency-cycle"]


@pytest.mark.spec("publish-own-cycle")
def test_dependencies_of_development_may_go_round(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alone")
    dev = '[package.sets]\nhere = "::"\n[deps.dev.from.here]\n'
    mono.atom("lib", more=dev + 'tool = "^1"\n')
    mono.atom("tool", more=OWN + 'lib = "^1"\n')

    assert len(recommitted(mono).publish().new) == 3


def own_lock(mono: Monorepo, label: str, needs: dict[str, str]) -> None:
    """Write the lock of an atom whose dependencies are all of its own set."""
    repository = mono.repository
    genesis = Genesis(repository.roots(ObjectId(mono.git("rev-parse", "HEAD").strip()))[0].oid)
    manifest = parse_manifest((mono.path / f"pkgs/{label}/atom.toml").read_bytes(), "atom.toml")
    keys = sorted(
        AtomKey(genesis, Label(name), Version.parse(version)) for name, version in needs.items()
    )
    lock = Lock(
        requirements=requirements_digest(manifest),
        sets=(LockedSet(genesis, own=True),),
        atoms=tuple(
            LockedAtom(
                key=key,
                id=atom_id(key.genesis, key.label),
                tree=None,
                content=None,
                rev=None,
                requires=(),
            )
            for key in keys
        ),
        direct=(),
        requires=tuple(keys),
    )
    mono.write(f"pkgs/{label}/atom.lock", encode_lock(lock))


@pytest.mark.spec("publish-lock-own")
def test_a_new_version_has_its_neighbours_as_they_are_and_a_published_one_need_not(
    tmp_path: Path,
) -> None:
    mono = pushed_set(tmp_path, "base")
    mono.atom("user", more=OWN + 'base = "^1"\n')
    own_lock(mono, "user", {"base": "1.0.0"})
    first = recommitted(mono).publish()
    mono.atom("base", "1.1.0")
    later = recommitted(mono).publish()
    mono.atom("user", "1.0.1", more=OWN + 'base = "^1"\n')
    recommitted(mono)

    (problem,) = problems_of(mono)
    own_lock(mono, "user", {"base": "1.1.0"})
    last = recommitted(mono).publish()

    assert [atom.label.text for atom in first.new] == ["base", "user"]
    assert [atom.label.text for atom in later.new] == ["base"]
    assert (problem.code, problem.where) == ("lock-outdated", "pkgs/user/atom.lock")
    assert "base 1.0.0, which is 1.1.0" in problem.why
    assert [atom.label.text for atom in last.new] == ["user"]
