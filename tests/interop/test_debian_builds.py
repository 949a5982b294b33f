"""Software from Debian's sources comes out the same, whoever builds it, where and with what.

hello and zlib by their own configure scripts, lua by its makefile, and jq, which is linked to a
library that is linked to another. Root and an ordinary user build them in stores at paths of
different length; then both let Nix build what they have, and compare.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.workbench import NOBODY
from tests.interop.test_real_builds import open_directory
from tests.story import Person, git

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

FIXTURES = Path(__file__).parents[2] / "fixtures"
EKA_STORE = Path(sys.executable).with_name("eka-store")
TARGETS = ("hello", "zlib", "lua", "libjq", "jq", "report")
BUILT = {"hello", "zlib", "lua", "onig", "libjq", "jq", "report"}
SMALL = {"zlib", "jq", "report"}  # what Nix builds in the short run
# Mirrors may lack what the security archive lists; what is in a release stays.
CONFIGURATION = '[deb]\nsecurity_mirror = ""\n'
__all__ = ["open_directory"]


@dataclass(frozen=True)
class Builder:
    """Somebody with a store and a home of their own."""

    home: Path
    store: Path
    before: tuple[str, ...] = ()  # what makes a command that of another user

    def __post_init__(self) -> None:
        subprocess.run([*self.before, "mkdir", "-p", str(self.home)], check=True)

    def runs(self, *words: object) -> list[Any]:
        """Run a command of eka-store that must succeed; returns the JSON documents it prints."""
        done = subprocess.run(
            [*self.before, str(EKA_STORE), *map(str, words), "--store", str(self.store), "--json"],
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (done.stdout[-4000:], done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def builds(self, plan: Path, *words: object) -> Outcome:
        """Realise a plan."""
        *events, answer = self.runs("realise", plan, *words)
        done = [each for each in events if each["event"] == "action-finished"]
        return Outcome(
            {each["path"] for each in answer["outputs"]},
            [label(each["name"]) for each in done if each["outcome"] == "built"],
        )

    def takes(self, stream: Path, key: str) -> None:
        """Take over the paths of a stream, and believe what the holder of the key says of them."""
        self.runs("trust", "--add", key)
        self.runs("import", stream)

    def reads(self, path: str) -> str:
        """Return the content of a file in the store."""
        return (self.store / path.removeprefix("/eka/")).read_text()


@dataclass(frozen=True)
class Outcome:
    """What a realisation came to."""

    paths: set[str]
    built: list[str]  # labels, once for each time

    def path(self, name: str) -> str:
        """Return the store path of the output of an atom."""
        (found,) = (each for each in self.paths if label(each.partition("-")[2]) == name)
        return found


def label(name: str) -> str:
    """Return the label in the name of an action or output: all before its version."""
    return name.rpartition("-")[0] or name


def locked(root: Path) -> Path:
    """Make a set of the atoms and lock it; returns the plan that builds all of them."""
    mono, person = root / "mono", Person(root / "owner")
    (person.home / ".config/eka").mkdir(parents=True)
    (person.home / ".config/eka/config.toml").write_text(CONFIGURATION)
    shutil.copytree(FIXTURES / "demo/monorepo", mono, ignore=shutil.ignore_patterns("apps"))
    shutil.copytree(FIXTURES / "debian", mono, dirs_exist_ok=True)
    git(mono, "init", "-q", "-b", "main")
    git(mono, "add", "-A")
    git(mono, "commit", "-q", "-m", "Begin")
    for words in (["init"], ["lock"]):
        person.does(mono, *words)
    asked = ("build", *TARGETS, "--plan", "--store", str(root / "store"))
    plan = root / "plan"
    plan.write_text(person.does(mono / "apps/all", *asked).out)
    return plan


def asking(plan: Path, labels: Collection[str]) -> Path:
    """Write a plan of the same actions whose roots are those of some labels."""
    document = json.loads(plan.read_bytes())
    document["roots"] = [
        {"action": identity, "output": "out"}
        for identity, action in document["actions"].items()
        if action["kind"] == "run" and label(action["name"]) in labels
    ]
    assert len(document["roots"]) == len(labels)
    some = plan.with_name("some")
    some.write_text(json.dumps(document))
    return some


def sent(builder: Builder, root: Path) -> tuple[Path, str]:
    """Export all that was fetched and unpacked, signed; returns the stream and the public key."""
    paths = [f"/eka/store/{each.name}" for each in (builder.store / "store").iterdir()]
    inputs = [each for each in paths if label(each.partition("-")[2]) not in BUILT]
    key, stream = root / "key", root / "stream"
    (made,) = builder.runs("sign", "--generate", "builder-1", "--key", key)
    builder.runs("sign", "--closure", "--key", key, *inputs)
    builder.runs("export", "--output", stream, *inputs)
    stream.chmod(0o644)
    return stream, str(made["key"])


@pytest.mark.spec("build-same")
@pytest.mark.spec("nix-backend")
def test_debians_sources_build_to_the_same_bytes_everywhere(
    open_directory: Path, rounds: Callable[[int, int], int]
) -> None:
    # Who is not root has only one identity to build with; home, store and its path still differ.
    nobody = NOBODY if os.geteuid() == 0 else ()
    root = open_directory
    often = rounds(1, 5)
    by_nix = (SMALL, BUILT)[rounds(0, 1)]
    plan = locked(root)
    one = Builder(root / "one", root / "store")
    other = Builder(root / "another", root / "another/and/much/longer/store", nobody)

    ours = one.builds(plan, "--rounds", often)
    other.takes(*sent(one, root))
    theirs = other.builds(plan, "--rounds", often)
    some = asking(plan, by_nix)
    checked = [
        each.builds(some, "--nix", each.home / "nix", "--check")
        for each in (one, other)[-rounds(1, 2) :]
    ]

    # Every round, and every build by Nix, that comes to something else fails with status 104.
    assert ours.paths == theirs.paths
    for each in (ours, theirs):
        assert sorted(name for name in each.built if name in BUILT) == sorted([*BUILT] * often)
    assert set(theirs.built) == BUILT  # nothing was fetched or unpacked again
    for by in checked:
        assert sorted(by.built) == sorted(by_nix)
    jq_uses_its_library(one, ours)


def jq_uses_its_library(builder: Builder, outcome: Outcome) -> None:
    """Look at what jq refers to, and at what it said and loaded in the sandbox."""
    jq, libjq, report = map(outcome.path, ("jq", "libjq", "report"))
    (closure,) = builder.runs("closure", jq)
    (info,) = builder.runs("path-info", jq)
    libraries = dict(line.split() for line in builder.reads(f"{report}/libraries").splitlines())

    assert libjq in info["paths"][0]["references"]
    assert {label(each.partition("-")[2]) for each in closure["paths"]} == {
        "jq", "libjq", "onig", "libc",
    }  # fmt: skip
    assert builder.reads(f"{report}/words") == "two\nthree\n"
    assert libraries["libjq.so.1"] == f"{libjq}/lib/libjq.so.1"
    assert {Path(each).parts[:3] for each in libraries.values()} == {("/", "eka", "store")}
