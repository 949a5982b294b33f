"""Many sets in many repositories whose atoms need each other: what a large registry looks like.

The repositories are real bare ones, written as packs. Manifests name them at ``BASE``; a person's
git settings say where that really is (`BigWorld.settings`), so that the world has the same bytes
wherever it is served.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eka.atom import AtomCommit, CommitFormat, ContentHash, Label, ObjectId, Version, object_id
from eka.git.pack import build_pack
from eka.hashing import digest, directory_digest

if TYPE_CHECKING:
    from pathlib import Path

BASE = "https://world.example/"
_PERSON = b"W <w@example.org> 1 +0000"
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"
_FILTER = "[uploadpack]\n\tallowFilter = true\n\tallowAnySHA1InWant = true\n"
_HISTORIES = (
    ("1.0.0", "1.1.0", "1.2.0"),
    ("0.1.0", "0.1.1", "0.2.0", "1.0.0", "1.1.0"),
    ("1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.1.0"),
    ("1.0.0", "1.1.0", "2.0.0", "2.0.1", "3.0.0", "3.1.0-rc.1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a world is.

    Attributes:
        repositories: How many sets there are.
        atoms: How many atoms they have together.
        layers: Atoms need those of the layers below theirs, at most three further down.
        needs: How many atoms one atom needs, at most.
        pinned: Of how many atoms in a thousand the newest version needs what others exclude.
    """

    repositories: int = 300
    atoms: int = 3000
    layers: int = 12
    needs: int = 4
    pinned: int = 10


@dataclass(slots=True)
class _Repository:
    objects: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    refs: dict[str, str] = field(default_factory=dict[str, str])
    genesis: ObjectId | None = None


class BigWorld:
    """A world, made when it is first needed; the same shape and seed give the same bytes."""

    def __init__(self, root: Path, shape: Shape, seed: int = 1) -> None:
        """Make the repositories ``r0.git``, ``r1.git``, … below ``root``."""
        self.root = root
        self.shape = shape
        self.versions = 0
        self._rng = random.Random(seed)
        self._histories = [self._rng.choice(_HISTORIES) for _ in range(shape.atoms)]
        self._repositories = [_Repository() for _ in range(shape.repositories)]
        self.root.mkdir(parents=True, exist_ok=True)
        self._fill()
        for number, repository in enumerate(self._repositories):
            self._write(self.root / f"r{number}.git", repository)
        self.commits = [
            [ObjectId(oid) for name, oid in sorted(each.refs.items()) if "/atoms/" in name]
            for each in self._repositories
        ]

    @staticmethod
    def settings(place: str) -> str:
        """Return git's settings of a person for whom the world is at ``place``."""
        return f'[url "{place}/"]\n\tinsteadOf = {BASE}\n'

    def project(self, directory: Path, tops: int | None = None) -> Path:
        """Make a project that needs all atoms of the top layer, or the first ``tops`` of them."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "atom.toml").write_text(self.manifest(tops))
        return directory

    def manifest(self, tops: int | None = None) -> str:
        """Return the manifest of such a project."""
        needs = [(each, "*") for each in self._layer(0)[:tops]]
        return _manifest("app", "1.0.0", self._by_set(needs, None))

    def _layer(self, layer: int) -> range:
        shape = self.shape
        return range(
            layer * shape.atoms // shape.layers, (layer + 1) * shape.atoms // shape.layers
        )

    def _home(self, atom: int) -> int:
        # Neighbours in a layer lie in different repositories.
        return atom % self.shape.repositories

    def _fill(self) -> None:
        for number, repository in enumerate(self._repositories):
            tree = _put(repository, "tree", b"")
            body = b"tree %b\nauthor %b\ncommitter %b\n\n" % (tree.hex.encode(), _PERSON, _PERSON)
            repository.genesis = _put(repository, "commit", body + b"set %d\n" % number)
            repository.refs["refs/ekala/init"] = repository.genesis.hex
            repository.refs["refs/heads/main"] = repository.genesis.hex
        for layer in range(self.shape.layers):
            below = [
                each
                for further in range(layer + 1, min(layer + 4, self.shape.layers))
                for each in self._layer(further)
            ]
            # Every atom of the next layer is needed by one of this, whatever else is.
            sure = list(self._layer(layer + 1)) if layer + 1 < self.shape.layers else []
            here = self._layer(layer)
            for at, atom in enumerate(here):
                own = sure[at * len(sure) // len(here) : (at + 1) * len(sure) // len(here)]
                more = self._rng.sample(below, min(len(below), self.shape.needs - 1))
                self._publish(atom, list(dict.fromkeys([*own, *more])))

    def _publish(self, atom: int, needed: list[int]) -> None:
        history = self._histories[atom]
        is_pinned = self._rng.randrange(1000) < self.shape.pinned
        for place, version in enumerate(history):
            needs = [(each, self._requirement(each, place)) for each in needed]
            if is_pinned and place == len(history) - 1 and needs:
                # Two lines of one bucket that no version meets together with those of others.
                needs[0] = (needs[0][0], f"={self._histories[needs[0][0]][0]}")
            self._version(atom, version, needs)

    def _requirement(self, atom: int, place: int) -> str:
        """Return a requirement on a version that was new at about the same time, or on any."""
        history = self._histories[atom]
        chosen = history[min(place, len(history) - 1)]
        return self._rng.choice(["*", ">=0.1", f"^{chosen}", f">={chosen}"])

    def _version(self, atom: int, version: str, needs: list[tuple[int, str]]) -> None:
        repository = self._repositories[self._home(atom)]
        assert repository.genesis is not None
        label = f"a{atom}"
        text = _manifest(label, version, self._by_set(needs, self._home(atom))).encode()
        source = f"{label} {version} {self._rng.getrandbits(512):x}\n".encode()
        manifest, main = _put(repository, "blob", text), _put(repository, "blob", source)
        tree = _put(
            repository, "tree", b"100644 atom.toml\0" + manifest.raw + b"100644 main\0" + main.raw
        )
        entries = [("100644", b"atom.toml", digest(text)), ("100644", b"main", digest(source))]
        commit = AtomCommit(
            format=CommitFormat.V2,
            tree=tree,
            origin=repository.genesis,
            label=Label(label),
            version=Version.parse(version),
            path=label,
            manifest=manifest,
            content=ContentHash(directory_digest(entries).hex()),
        )
        oid = _put(repository, "commit", commit.encode())
        repository.refs[f"refs/atoms/{label}/{version}"] = oid.hex
        self.versions += 1

    def _by_set(
        self, needs: list[tuple[int, str]], own: int | None
    ) -> dict[str, tuple[str, list[tuple[str, str]]]]:
        """Return the needs of one manifest by set: its name, its address, and the lines."""
        found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        for atom, requirement in needs:
            home = self._home(atom)
            url = "::" if home == own else f"{BASE}r{home}.git"
            found.setdefault(f"s{home}", (url, []))[1].append((f"a{atom}", requirement))
        return found

    def _write(self, path: Path, repository: _Repository) -> None:
        packs = path / "objects" / "pack"
        packs.mkdir(parents=True)
        (path / "refs").mkdir()
        (path / "HEAD").write_text("ref: refs/heads/main\n")
        (path / "config").write_text(_CONFIG + _FILTER)
        (packs / "pack-all.pack").write_bytes(build_pack(repository.objects, "sha1"))
        command = ["git", "index-pack", str(packs / "pack-all.pack")]
        subprocess.run(command, check=True, capture_output=True)
        lines = [f"{oid} {name}\n" for name, oid in sorted(repository.refs.items())]
        header = "# pack-refs with: peeled fully-peeled sorted \n"
        (path / "packed-refs").write_text(header + "".join(lines))


def _put(repository: _Repository, kind: str, body: bytes) -> ObjectId:
    repository.objects.append((kind, body))
    return object_id(kind, body, "sha1")


def _manifest(
    label: str, version: str, needs: dict[str, tuple[str, list[tuple[str, str]]]]
) -> str:
    lines = ["[package]", f'label = "{label}"', f'version = "{version}"']
    if needs:
        lines.append("[package.sets]")
        lines += [f'{name} = "{url}"' for name, (url, _) in needs.items()]
    for name, (_, wanted) in needs.items():
        lines.append(f"[deps.from.{name}]")
        lines += [f'{each} = "{requirement}"' for each, requirement in wanted]
    return "\n".join(lines) + "\n"
