"""Every row of the table of corruptions in atom-spec/provenance.md, done to a real set.

The table is read from the document: a row without a corruption here, or a corruption without a
row, fails.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.atom import Aliases, ObjectId, parse_source_url
from eka.errors import EkaError
from eka.git import GitRunner, ObjectCache
from tests.fakes.git_set import GitSet
from tests.servers.hostile import ADVERTISEMENT, pack_answer, serve_socket
from tests.story import Answer, Person, git

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = Path(__file__).resolve().parents[2] / "atom-spec/provenance.md"
ROW = re.compile(r"^\| `(?P<name>[a-z0-9-]+)` \| [^|]+ \| (?P<outcome>[^|]+) \|$", re.MULTILINE)
REF = "refs/atoms/zlib/1.3.1"
LEVELS = {"bytes", "manifest", "subtree", "ancestry", "content"}


@dataclass(frozen=True)
class Outcome:
    """What verifying says of the atom."""

    fails: frozenset[str] = frozenset()
    unavailable: frozenset[str] = frozenset()
    refused: str = ""


def read_table() -> dict[str, Outcome]:
    """Return the rows of the document."""
    rows: dict[str, Outcome] = {}
    for row in ROW.finditer(DOCUMENT.read_text(encoding="utf-8")):
        words: dict[str, frozenset[str]] = {}
        for part in row["outcome"].split(";"):
            word, _, names = part.strip().partition(" ")
            words[word] = frozenset(names.replace("*", "").replace("`", "").split(", "))
        assert words.keys() <= {"fails", "unavailable", "refused"}, row["outcome"]
        assert words.get("fails", frozenset()) <= LEVELS
        rows[row["name"]] = Outcome(
            words.get("fails", frozenset()),
            words.get("unavailable", frozenset()),
            ", ".join(words.get("refused", ())),
        )
    return rows


TABLE = read_table()


class World:
    """A set with an honest atom, a project that locked it, and somebody with an empty cache."""

    def __init__(self, root: Path) -> None:
        self.source = GitSet(root / "sources" / "set")
        self.atom = self.source.atom(
            "zlib", "1.3.1", "pkgs/zlib", {"main.c": "int main;\n", "x/y": "z\n"}
        )
        self.rev = self.source.point(self.atom)
        self.person = Person(root / "person")
        self.app = root / "app"
        self.app.mkdir()
        (self.app / "atom.toml").write_text(
            '[package]\nlabel = "app"\nversion = "1.0.0"\n'
            f'[package.sets]\nset = "{self.url}"\n[deps.from.set]\nzlib = "^1"\n'
        )

    @property
    def url(self) -> str:
        return f"file://{self.source.path}"

    def lock(self) -> None:
        """Lock the project; somebody else did, so this cache knows nothing."""
        Person(self.app.parent / "locker").does(self.app, "lock")

    def edit_lock(self, field: str, value: str) -> None:
        """Lock the project, then change a pin."""
        self.lock()
        path = self.app / "atom.lock"
        text = re.sub(rf'(?m)^{field} = "[^"]+"$', f'{field} = "{value}"', path.read_text())
        path.write_text(text)

    def publish(self, **changes: Any) -> None:  # noqa: ANN401 - fields of an atom commit
        """Publish the atom with other headers under the same ref."""
        self.source.point(replace(self.atom, **changes))

    def publish_bytes(self, old: str, new: str) -> None:
        """Publish the commit with other bytes under the same ref."""
        body = self.atom.encode()
        assert body.count(old.encode()) >= 1
        forged = self.source.write("commit", body.replace(old.encode(), new.encode(), 1))
        self.source.git("update-ref", REF, forged.hex)

    def damage(self, oid: ObjectId) -> None:
        """Flip a bit of an object that is in the cache, in a well-formed file."""
        self.person.does(self.person.home, "verify", f"{self.url}::zlib")
        cache = self.person.home / ".cache" / "eka" / "objects.git"
        packs = cache / "objects" / "pack"
        aside = cache.parent / "aside"
        shutil.move(packs, aside)
        packs.mkdir()
        for pack in aside.glob("*.pack"):
            command = ["git", f"--git-dir={cache}", "unpack-objects", "-q"]
            subprocess.run(command, input=pack.read_bytes(), check=True)
        path = cache / "objects" / oid.hex[:2] / oid.hex[2:]
        header, _, body = zlib.decompress(path.read_bytes()).partition(b"\0")
        flipped = body[:-1] + bytes([body[-1] ^ 1])
        path.chmod(0o600)
        path.write_bytes(zlib.compress(header + b"\0" + flipped))

    def verify(self) -> Answer:
        """Verify what the lock pins where there is one, else what the ref names."""
        if (self.app / "atom.lock").exists():
            return self.person.json(self.app, "verify")
        return self.person.json(self.person.home, "verify", f"{self.url}::zlib")


def flip_commit(world: World) -> None:
    world.damage(world.rev)


def flip_tree(world: World) -> None:
    world.damage(world.atom.tree)


def flip_blob(world: World) -> None:
    world.damage(world.source.oid(f"{world.rev.hex}:main.c"))


def moved_ref(world: World) -> None:
    world.lock()
    world.source.point(world.source.atom("zlib", "1.3.1", "pkgs/zlib", {"main.c": "evil\n"}))


def child_commit(world: World) -> None:
    world.lock()
    tree = world.atom.tree.hex
    child = world.source.git("commit-tree", "-p", world.rev.hex, "-m", "x", tree)
    world.source.git("update-ref", REF, child)


def other_atom(world: World) -> None:
    lua = world.source.publish("lua", "5.4.6")
    world.source.git("update-ref", REF, lua.hex)


def forged_tree(world: World) -> None:
    evil = world.source.atom("zlib", "1.3.1", "elsewhere", {"main.c": "evil\n"})
    world.publish(tree=evil.tree, manifest=evil.manifest)


def forged_tree_and_hash(world: World) -> None:
    evil = world.source.atom("zlib", "1.3.1", "elsewhere", {"main.c": "evil\n"})
    world.publish(tree=evil.tree, manifest=evil.manifest, content=evil.content)


def rewritten_origin(world: World) -> None:
    tree = f"{world.atom.origin.hex}^{{tree}}"
    world.publish(origin=ObjectId(world.source.git("commit-tree", "-m", "x", tree)))


def origin_without_it(world: World) -> None:
    world.publish(origin=world.source.genesis)


def missing_origin(world: World) -> None:
    world.publish_bytes(world.atom.origin.hex, "1" * 40)


def wrong_path(world: World) -> None:
    world.publish(path="pkgs")


def lying_manifest(world: World) -> None:
    world.publish(manifest=world.source.oid(f"{world.rev.hex}:main.c"))


def lying_content(world: World) -> None:
    assert world.atom.content is not None
    world.publish(content=replace(world.atom.content, hex="0" * 64))


def other_manifest(world: World) -> None:
    text = '[package]\nlabel = "zlib"\nversion = "1.3.2"\n'
    world.source.point(
        world.source.atom("zlib", "1.3.1", "pkgs/zlib", {"atom.toml": text, "main.c": "x"})
    )


def forged_format(world: World) -> None:
    world.publish_bytes("format 2", "format 3")


def forged_author(world: World) -> None:
    world.publish_bytes("author  <> 0", "author  <> 1")


def added_header(world: World) -> None:
    world.publish_bytes("\nformat 2", "\nextra 1\nformat 2")


def left_out_header(world: World) -> None:
    world.publish_bytes(f"manifest {world.atom.manifest.hex}\n" if world.atom.manifest else "", "")


def added_parent(world: World) -> None:
    lua = world.source.publish("lua", "5.4.6")
    world.publish_bytes("\nauthor", f"\nparent {lua.hex}\nauthor")


def forged_message(world: World) -> None:
    world.publish_bytes("publish(zlib): 1.3.1", "publish(zlib): 1.3.2")


def other_genesis(world: World) -> None:
    stranger = world.source.git("commit-tree", "-m", "x", "HEAD^{tree}")
    world.source.git("update-ref", "refs/ekala/init", stranger)


def shallow_source(world: World) -> None:
    path = world.source.path
    for number in range(3):
        world.source.commit({"later": str(number)})
    world.source.point(world.source.atom("zlib", "1.3.1", "pkgs/zlib", {"main.c": "x"}))
    shallow = path.with_name("shallow")
    git(path.parent, "clone", "-q", "--depth=2", f"file://{path}", str(shallow))
    for ref in (REF, "refs/ekala/init"):
        git(shallow, "fetch", "-q", "--depth=1", f"file://{path}", f"{ref}:{ref}")
    path.rename(path.with_name("away"))
    shallow.rename(path)


def harmful_tree(world: World) -> None:
    link = world.source.write("blob", b"/etc/passwd")
    entries = world.source.git("ls-tree", world.atom.tree.hex)
    tree = world.source.git("mktree", stdin=f"{entries}\n120000 blob {link.hex}\tz\n".encode())
    world.publish(tree=ObjectId(tree))


def lock_tree(world: World) -> None:
    world.edit_lock("tree", "1" * 40)


def lock_content(world: World) -> None:
    world.edit_lock("blake3", "1" * 64)


CORRUPTIONS: dict[str, Callable[[World], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        flip_commit, flip_tree, flip_blob, moved_ref, child_commit, other_atom, forged_tree,
        forged_tree_and_hash, rewritten_origin, origin_without_it, missing_origin, wrong_path,
        lying_manifest, lying_content, other_manifest, forged_format, forged_author, added_header,
        left_out_header, added_parent, forged_message, other_genesis, shallow_source,
        harmful_tree, lock_tree, lock_content,
    )
}  # fmt: skip
ON_THE_WAY = "flip-on-the-way"


def outcome(answer: Answer) -> Outcome:
    (atom,) = answer.document["atoms"]
    found = {level["level"]: level["status"] for level in atom["levels"]}
    return Outcome(
        frozenset(name for name, status in found.items() if status == "failed"),
        frozenset(name for name, status in found.items() if status == "unavailable"),
        atom["error"]["code"] if atom["error"] else "",
    )


def test_the_table_and_the_corruptions_are_the_same() -> None:
    assert TABLE.keys() == {*CORRUPTIONS, ON_THE_WAY}


@pytest.mark.spec("corruptions")
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_fails_where_the_table_says(name: str, tmp_path: Path) -> None:
    world = World(tmp_path)

    CORRUPTIONS[name](world)
    answer = world.verify()

    expected = TABLE[name]
    assert outcome(answer) == expected
    assert answer.status == (5 if expected.fails or expected.refused else 0)


@pytest.mark.spec("corruptions")
def test_no_bit_can_be_flipped_on_the_way(tmp_path: Path) -> None:
    world = World(tmp_path)
    listed = world.source.git("rev-list", "--objects", "--no-object-names", world.rev.hex)
    done = subprocess.run(
        ["git", "pack-objects", "-q", "--stdout"],
        cwd=world.source.path,
        input=listed.encode() + b"\n",
        capture_output=True,
        check=True,
    )
    pack = bytearray(done.stdout)
    pack[len(pack) // 2] ^= 1

    with serve_socket(ADVERTISEMENT, pack_answer(bytes(pack))) as base:
        home = tmp_path / "home"
        home.mkdir()
        cache = ObjectCache(tmp_path / "objects.git", GitRunner("git", {}, home))
        with pytest.raises(EkaError) as caught:
            cache.ensure(parse_source_url(base, Aliases()), [world.rev])

    assert caught.value.code == TABLE[ON_THE_WAY].refused
    assert caught.value.exit_status == 5


@pytest.mark.spec("corruptions")
def test_the_honest_atom_passes_every_level(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.lock()

    assert outcome(world.verify()) == Outcome()
