"""Requirements resolved by pip, which finds packages as it is set up on this machine.

Nothing is installed and nothing is built: pip only says which wheels it would install.
"""

from __future__ import annotations

import json
import shutil
import subprocess

from eka.checking import TYPE_CHECKING, cast
from eka.direct.python.entry import Entry, file_of, is_web, sha256_of
from eka.direct.python.environment import Environment, edges_of
from eka.direct.python.errors import ForeignLockInvalid, PipMissing, RequirementsUnresolved
from eka.direct.python.model import ForeignLock, Package, Wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import PypiSource
    from eka.direct.python.model import Edges

MAX_REPORT_BYTES = 64 * 1024 * 1024
ERROR_LINES = 6
_REPORT = (
    "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-", "--no-input",
    "--disable-pip-version-check", "--only-binary=:all:", "--implementation", "cp",
    # Some versions look for other systems only where they could install for them.
    "--target", "not-made-in-a-dry-run",
)  # fmt: skip


class Pip:
    """The pip of this machine.

    Args:
        python: The Python that runs eka.
        env: Its variables; pip's settings stand in them and in its files.
    """

    def __init__(self, python: str, env: Mapping[str, str]) -> None:
        self._python = python
        self._env = dict(env)

    def report(self, arguments: Sequence[str], version: str) -> bytes:
        """Return what pip would install, as JSON.

        Args:
            arguments: Environment and requirements.
            version: Of the Python that is meant, such as ``3.11``. Pip looks at markers as the
                Python it runs on does, so that one is taken if there is one.

        Raises:
            PipMissing: there is no pip.
            RequirementsUnresolved: it failed; the reason is its own.
        """
        for command in self._commands(version):
            if self._run([*command, "--version"]).returncode == 0:
                break
        else:
            raise PipMissing
        done = self._run([*command, *_REPORT, *arguments])
        if done.returncode != 0:
            lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line]
            errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:]
            why = errors[-1].removeprefix("ERROR: ") if errors else "pip failed without a message"
            raise RequirementsUnresolved(arguments[-1], why, lines[-ERROR_LINES:])
        return done.stdout

    def _commands(self, version: str) -> list[list[str]]:
        path = self._env.get("PATH")
        same = shutil.which(f"python{version}", path=path)
        own = shutil.which("pip3", path=path) or shutil.which("pip", path=path)
        found = [[same, "-m", "pip"]] if same else []
        return [*found, [self._python, "-m", "pip"], *([[own]] if own else [])]

    def _run(self, command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command, env=self._env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )


def resolve_requirements(source: PypiSource, system: str, pip: Pip) -> ForeignLock:
    """Return what the requirements of a source resolve to on one system, as a graph.

    Raises:
        PipMissing, RequirementsUnresolved: see `Pip.report`.
        ForeignLockInvalid: a requirement, or pip's answer, makes no sense.
    """
    name = f"deps.direct.pypi.{source.name.text}"
    roots = edges_of(source.requirements, name)
    environment = Environment(source.python, source.platform, system)
    version = f"{environment.python.major}.{environment.python.minor}"
    platforms = [word for each in environment.platforms() for word in ("--platform", each)]
    arguments = [*platforms, "--python-version", source.python, "--", *source.requirements]
    report = pip.report(arguments, version)
    return ForeignLock(tool="pip", packages=parse_report(report, name), roots=roots)


def parse_report(data: bytes, where: str) -> tuple[Package, ...]:
    """Return the packages of an installation report of pip.

    Raises:
        ForeignLockInvalid: it is none.
    """
    if len(data) > MAX_REPORT_BYTES:
        raise ForeignLockInvalid(where, f"pip's report has more than {MAX_REPORT_BYTES} bytes")
    try:
        root = Entry(where, cast("object", json.loads(data)))
    except (ValueError, RecursionError) as error:
        raise ForeignLockInvalid(where, "pip's report is not JSON") from error
    return tuple(_package(entry) for entry in root.entries("install"))


def _package(entry: Entry) -> Package:
    download, metadata = entry.table("download_info"), entry.table("metadata")
    url = download.text("url")
    archive = download.table("archive_info")
    hashed = archive.table("hashes").text("sha256")
    sha256 = sha256_of(f"sha256:{hashed}" if hashed else archive.text("hash"))
    file = file_of(url)
    fault = "" if sha256 else "the index gives no SHA-256 of it"
    if not is_web(url):
        fault = "pip found it in a directory of this machine"
    edges: Edges = edges_of(metadata.texts("requires_dist"), metadata.where)
    extras = {
        metadata.normal("provides_extra", each): edges for each in metadata.texts("provides_extra")
    }
    return Package(
        name=metadata.name(),
        version=metadata.version(),
        wheels=(Wheel(file=file, url=url, sha256=sha256),),
        edges=edges,
        extras=extras,
        fault=fault,
    )
