"""Reads ``atom.toml``; every key is checked, and all problems are reported together."""

from __future__ import annotations

import json

from eka.atom.aliases import Aliases
from eka.atom.manifest_build import read_build
from eka.atom.manifest_inputs import read_inputs, read_label
from eka.atom.manifest_model import Manifest
from eka.atom.manifest_package import declared_sets, read_package
from eka.atom.manifest_resolution import read_patches, read_resolution
from eka.atom.reading import Reader
from eka.atom.source_url import without_password
from eka.atom.toml import read_toml
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, raise_problems
from eka.hashing import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from eka.atom.manifest_model import Dependency, DirectSource, Patch
    from eka.atom.reading import Table
    from eka.atom.toml import TomlValue
    from eka.errors import Span

MANIFEST_NAME = "atom.toml"
_FOREIGN_SCHEMES = ("https://", "ssh://")
_DIGEST_SCHEMA = "eka.requirements/1"


class PatchPublished(EkaError):
    """A published atom whose manifest replaces atoms by directories of its author's machine."""

    code = "patch-published"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, span: Span | None) -> None:
        super().__init__(
            what=f"the manifest of {atom} has [patch]",
            why="a published atom needs published atoms; directories are for development",
            fix="ask its publisher for a version without [patch]",
            span=span,
        )


class ForeignUrl(EkaError):
    """An atom from elsewhere names a repository by something else than a full https or ssh URL."""

    code = "foreign-url"
    exit_status = Exit.INTEGRITY

    def __init__(self, set_name: str, url: str, span: Span | None, *, what: str = "set") -> None:
        super().__init__(
            what=f"the {what} `{set_name}` of a foreign atom is not named by a full URL",
            where=without_password(url),
            why="aliases and paths mean something else on every machine; other protocols are "
            "neither private nor checked",
            fix="ask its publisher to write an https:// or ssh:// URL",
            span=span,
        )
        self.set_name = set_name


def parse_manifest(data: bytes, file: str, aliases: Aliases | None = None) -> Manifest:
    """Return the manifest in ``data``.

    Args:
        data: The bytes of an ``atom.toml``, from anywhere.
        file: Its name, for messages.
        aliases: What short names in ``[package.sets]`` mean; the built-in ones by default.

    Raises:
        InvalidToml: it is not TOML.
        Problems: several things in it are wrong; a single one is raised as itself.

    Source: atom-spec/manifest.md; vectors in fixtures/manifest.
    """
    reader = Reader(read_toml(data, file))
    root = reader.root
    package = read_package(root, aliases or Aliases())
    version = package.version if package else None
    names = declared_sets(root)
    inputs = read_inputs(root, names, version)
    patches = read_patches(root, names, package.sets if package else {})
    single = read_resolution(root, names)
    build = read_build(root, inputs)
    compose, service = _data(root, "compose"), _data(root, "service")
    pipelines = _pipelines(root)
    root.has("locker")  # of the wild: how its own bootstrap was pinned
    root.finish()
    reader.finish(f"{file} has several problems")
    if package is None:  # pragma: no cover - a package is missing only after a problem
        raise AssertionError(file)
    return Manifest(
        package=package,
        dependencies=inputs.dependencies,
        dev_dependencies=inputs.dev_dependencies,
        direct=inputs.direct,
        patches=patches,
        single=single,
        build=build,
        compose=compose,
        pipelines=pipelines,
        service=service,
    )


def check_foreign(manifest: Manifest) -> None:
    """Check that a manifest of another project says nothing that only its author can use.

    Raises:
        ForeignUrl: a set or a git source is named by an alias, a path, http or git (`Problems` if
            several are).
        PatchPublished: it has ``[patch]``.

    Source: atom-spec/manifest.md [manifest-foreign], [manifest-patch-published].
    """
    problems: list[EkaError] = [
        ForeignUrl(name, text, declaration.span)
        for name, declaration in manifest.package.sets.items()
        for text in declaration.written
        if text != "::" and not text.startswith(_FOREIGN_SCHEMES)
    ]
    problems += _foreign_sources(manifest)
    if manifest.patches:
        package = manifest.package
        name = f"{package.label.text}@{package.version.text}"
        problems.append(PatchPublished(name, manifest.patches[0].span))
    raise_problems(problems)


def _foreign_sources(manifest: Manifest) -> Iterator[ForeignUrl]:
    if not any(source.kind == "git" for source in manifest.direct):
        return
    from eka.atom.direct_git import GitSource  # noqa: PLC0415 - few manifests have any

    for source in manifest.direct:
        if isinstance(source, GitSource) and not source.url.startswith(_FOREIGN_SCHEMES):
            yield ForeignUrl(source.name.text, source.url, None, what="git source")


def requirements_digest(manifest: Manifest) -> str:
    """Return 64 hex digits over what a lock depends on; comments and formatting do not count.

    That is: systems, dependencies with the sets they come from, direct sources, and what the
    project says about choosing versions.

    Source: atom-spec/lockfile.md [lock-requirements].
    """
    used = {each.set_name for each in (*manifest.dependencies, *manifest.dev_dependencies)}
    used |= {each.set_name for each in manifest.patches}
    used |= {each.set_name for each in manifest.single}
    content: dict[str, object] = {
        "schema": _DIGEST_SCHEMA,
        "systems": sorted(manifest.package.systems),
        "sets": {
            name: {"own": declared.own, "urls": [url.public for url in declared.urls]}
            for name, declared in manifest.package.sets.items()
            if name in used
        },
        "deps": _by_set(manifest.dependencies),
        "dev": _by_set(manifest.dev_dependencies),
        "direct": {
            f"{source.kind}.{source.name.text}": source.content() for source in manifest.direct
        },
    }
    if manifest.patches:
        content["patch"] = _patches_by_set(manifest.patches)
    if manifest.single:
        content["single"] = sorted(each.text for each in manifest.single)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return digest(text.encode()).hex()


def source_digest(source: DirectSource) -> str:
    """Return 64 hex digits over one declaration of a direct source; its pin records them.

    Source: atom-spec/lockfile.md [lock-direct-declared].
    """
    content = {"schema": _DIGEST_SCHEMA, "kind": source.kind, "source": source.content()}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return digest(text.encode()).hex()


def _by_set(dependencies: tuple[Dependency, ...]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in dependencies:
        found.setdefault(each.set_name, {})[each.label.text] = each.requirement.text
    return found


def _patches_by_set(patches: tuple[Patch, ...]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in patches:
        found.setdefault(each.set_name, {})[each.label.text] = each.path
    return found


def _data(root: Table, key: str) -> Mapping[str, TomlValue] | None:
    table = root.table(key)
    return None if table is None else table.data


def _pipelines(root: Table) -> Mapping[str, Mapping[str, TomlValue]]:
    table = root.table("pipeline")
    if table is None:
        return {}
    return {name: inner.data for name, inner in table.tables() if read_label(table, name)}
