"""A lock and its manifests made in a few words, for composing without files or git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import (
    AtomKey,
    ContentHash,
    Genesis,
    Lock,
    LockedAtom,
    LockedDirect,
    LockedFile,
    LockedSet,
    ObjectId,
    atom_id,
    parse_manifest,
    requirements_digest,
    source_digest,
)
from eka.compose import ROOT, ComposeRequest, Composition, compose_static
from eka.hashing import digest
from eka.store import RunAction, UnpackAction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import Manifest

OWN, CORE, OTHER = (Genesis(ObjectId(digit * 40)) for digit in "abc")
SYSTEM = "x86_64-linux"
SETS = '[package.sets]\ncore = "https://core.org/r"\nother = "https://other.org/r"\nhere = "::"\n'
SCRIPT = '[build]\nrootfs = "shell"\nscript = "true"\n'


class World:
    """Atoms of a lock; the root project is added like the others and has no key."""

    def __init__(self) -> None:
        self.manifests: dict[AtomKey | None, Manifest] = {}
        self.requires: dict[AtomKey | None, tuple[AtomKey, ...]] = {}
        self.direct: list[LockedDirect] = []

    def atom(
        self,
        label: str,
        more: str = "",
        *,
        version: str = "1.0.0",
        genesis: Genesis | None = CORE,
        requires: Sequence[AtomKey] = (),
        package: str = "",
    ) -> AtomKey:
        """Add an atom, with more lines for ``[package]``; ``genesis`` None: the root project."""
        top = f'[package]\nlabel = "{label}"\nversion = "{version}"\n'
        text = f"{top}{package}{SETS}{more}"
        manifest = parse_manifest(text.encode(), f"{label}/atom.toml")
        key = AtomKey(genesis or OWN, manifest.package.label, manifest.package.version)
        place = key if genesis else ROOT
        self.manifests[place] = manifest
        self.requires[place] = tuple(sorted(requires))
        return key

    def root(
        self, more: str, *, requires: Sequence[AtomKey] = (), sets: str = "", package: str = ""
    ) -> None:
        """Add the root project, called ``app``, with more lines for its sets and package."""
        self.atom("app", sets + more, genesis=None, requires=requires, package=package)

    def pin(
        self, owner: AtomKey | None, name: str, *urls: str, system: str = "", declared: str = ""
    ) -> None:
        """Pin a direct source; of a Debian one the URLs are paths on a mirror."""
        manifest = self.manifests[owner]
        source = next(each for each in manifest.direct if each.name.text == name)
        files = tuple(
            LockedFile(
                url=url if "://" in url else "http://deb.org/debian",
                path="" if "://" in url else url,
                suite="",
                size=number,
                sha256=f"{number:064x}",
            )
            for number, url in enumerate(urls, 1)
        )
        said = declared or source_digest(source)
        self.direct.append(LockedDirect(owner, source.kind, name, system, said, files))

    def lock(self) -> Lock:
        """Return the lock of all that was added."""
        root = self.manifests[ROOT]
        return Lock(
            requirements=requirements_digest(root),
            sets=(
                LockedSet(OWN, own=True),
                LockedSet(CORE, ("https://core.org/r", "https://mirror.org/core")),
                LockedSet(OTHER, ("https://other.org/r", "file:///srv/other")),
            ),
            atoms=tuple(
                LockedAtom(
                    key=key, id=atom_id(key.genesis, key.label), requires=self.requires[key]
                )
                for key in sorted(key for key in self.manifests if key is not None)
            ),
            direct=tuple(self.direct),
            requires=self.requires[ROOT],
        )

    def compose(
        self,
        *targets: AtomKey | None,
        system: str = SYSTEM,
        places: dict[AtomKey | None, str] | None = None,
    ) -> Composition:
        """Compose the targets; without any the root project."""
        return compose_static(
            ComposeRequest(
                lock=self.lock(),
                manifests=self.manifests,
                contents={key: content(key) for key in self.manifests},
                system=system,
                targets=targets or (ROOT,),
                places=places or {},
            )
        )

    def recipe(self, target: AtomKey | None = ROOT, *, place: str = "/") -> RunAction:
        """Return the action that runs the script of a target."""
        composed = self.compose(target, places={target: place})
        action = composed.plan.actions[composed.outputs[target].action]
        assert isinstance(action, RunAction)
        return action

    def unpacking(self, target: AtomKey | None = ROOT) -> UnpackAction:
        """Return the action that unpacks a target."""
        composed = self.compose(target)
        action = composed.plan.actions[composed.outputs[target].action]
        assert isinstance(action, UnpackAction)
        return action


def content(key: AtomKey | None) -> ContentHash:
    """Return the content hash that the tree of an atom has here."""
    return ContentHash(digest(b"root" if key is None else key.text.encode()).hex())


def needs(**labels: str) -> str:
    """Return dependency tables: ``needs(core="shell zlib")``, each of any version."""
    return "".join(
        f"[deps.from.{name}]\n" + "".join(f'"{label}" = "*"\n' for label in text.split())
        for name, text in labels.items()
    )
