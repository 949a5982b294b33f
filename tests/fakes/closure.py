"""Two published sets and a project whose lock has a bit of everything that reading shows.

``app`` needs curl, tool, lua and zlib ~1.2, and probe for development. curl needs ssl and zlib ^1,
ssl needs zlib ^1, tool needs zlib ^2: zlib is there twice.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path

HERE = '[package.sets]\nhere = "::"\n[deps.from.here]\n'


class SmallSet:
    """A monorepo of atoms without files of their own, and the repository it publishes to."""

    def __init__(self, root: Path) -> None:
        self.mono, self.server = root / "mono", root / "pkgs.git"
        root.mkdir(parents=True)
        git(root, "init", "-q", "--bare", "-b", "main", str(self.server))
        git(self.server, "config", "http.receivepack", "true")
        git(root, "init", "-q", "-b", "main", str(self.mono))
        git(self.mono, "remote", "add", "origin", str(self.server))
        (self.mono / "ekala.toml").write_text('[set]\npackages = ["*"]\n')
        (self.mono / "README").write_text(f"{root}\n")  # a genesis of its own
        self._commit()

    @classmethod
    def found(cls, root: Path) -> SmallSet:
        """Return the set that was copied to ``root``."""
        made = cls.__new__(cls)
        made.mono, made.server = root / "mono", root / "pkgs.git"
        git(made.mono, "remote", "set-url", "origin", str(made.server))
        return made

    @property
    def url(self) -> str:
        """The server as a URI's source."""
        return f"file://{self.server}"

    def write(self, label: str, version: str, **needs: str) -> None:
        """Write an atom; what it needs of its own set by label."""
        more = HERE + "".join(f'{name} = "{text}"\n' for name, text in needs.items())
        place = self.mono / label
        place.mkdir(exist_ok=True)
        (place / "atom.toml").write_text(
            f'[package]\nlabel = "{label}"\nversion = "{version}"\n{more if needs else ""}'
        )

    def remove(self, *labels: str) -> None:
        """Remove atoms from the working tree; what is published stays."""
        for label in labels:
            shutil.rmtree(self.mono / label)

    def publish(self, owner: Person, *labels: str) -> None:
        """Publish atoms as they are now."""
        self._commit()
        owner.does(self.mono, "init")
        owner.does(self.mono, "lock")
        self._commit()
        owner.does(self.mono, "publish", "--push-source", *labels)

    def _commit(self) -> None:
        git(self.mono, "add", "-A")
        git(self.mono, "commit", "-q", "--allow-empty", "-m", "Change things")


class Closure:
    """A person with the project ``app`` below ``root``, and the sets ``core`` and ``extra``."""

    def __init__(self, root: Path) -> None:
        self.root, self.owner = root, Person(root / "owner")
        self.core, self.extra = SmallSet(root / "core"), SmallSet(root / "extra")
        self._publish()
        self.person, self.app = Person(root / "home"), root / "app"
        self.app.mkdir()
        self.manifest(self.text)
        self.person.does(self.app, "lock")

    @classmethod
    def changing(cls, other: Closure, root: Path) -> Closure:
        """Return one with sets of its own."""
        made = cls.__new__(cls)
        shutil.copytree(other.root, root, symlinks=True, dirs_exist_ok=True)
        made.root, made.owner = root, Person(root / "owner")
        made.core, made.extra = (SmallSet.found(root / each) for each in ("core", "extra"))
        made.person, made.app = Person(root / "home"), root / "app"
        made.manifest(made.text)
        made.person.does(made.app, "lock")
        return made

    @classmethod
    def copied(cls, other: Closure, root: Path) -> Closure:
        """Return one that can be changed; its lock still names the servers of the other."""
        made = cls.__new__(cls)
        made.__dict__.update(other.__dict__)
        for name in ("home", "app"):
            shutil.copytree(other.root / name, root / name, symlinks=True)
        made.root, made.person, made.app = root, Person(root / "home"), root / "app"
        return made

    @property
    def text(self) -> str:
        """The manifest of the project."""
        return (
            '[package]\nlabel = "app"\nversion = "0.1.0"\n'
            f'[package.sets]\ncore = "{self.core.url}"\nextra = "{self.extra.url}"\n'
            '[deps.from.core]\ncurl = "^8"\ntool = "^1"\nzlib = "~1.2"\n'
            '[deps.from.extra]\nlua = "^5"\n'
            '[deps.dev.from.core]\nprobe = "^1"\n'
        )

    def manifest(self, text: str) -> None:
        """Write the manifest of the project."""
        (self.app / "atom.toml").write_text(text)

    def _publish(self) -> None:
        core, extra = self.core, self.extra
        core.write("zlib", "1.2.0")
        core.write("ssl", "3.0.0", zlib="^1")
        core.write("curl", "8.0.0", ssl="^3", zlib="^1")
        core.write("probe", "1.0.0")
        core.publish(self.owner, "zlib", "ssl", "curl", "probe")
        core.write("zlib", "1.3.0")
        core.publish(self.owner, "zlib")
        core.remove("ssl", "curl")
        core.write("zlib", "2.0.0")
        core.write("tool", "1.0.0", zlib="^2")
        core.publish(self.owner, "zlib", "tool")
        extra.write("lua", "5.4.0")
        extra.publish(self.owner, "lua")
