"""Which sources a person knows: those of the project, of aliases, and those once listed.

Source: atom-spec/queries.md [search-sources].
"""

from __future__ import annotations

from eka.atom import parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.workflow.line_file import LineFile, decode
from eka.workflow.project import MANIFEST, Project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.atom import SourceUrl
    from eka.workflow.services import Services

MOST_REMEMBERED = 1000
_SCHEMA = b'{"schema":'
_PARTS_OF_A_REPOSITORY = 2  # owner and name, where hosts have them


def project_sources(services: Services) -> Iterator[tuple[SourceUrl, ...]]:
    """Yield the sources that manifest and lock of the project here name, each with its mirrors.

    A project that cannot be read names none: searching is not the place to tell why.
    """
    if not (services.directory / MANIFEST).is_file():
        return
    try:
        project = Project.at(services.directory, services.aliases)
        manifest, lock = project.manifest(), project.lock()
    except EkaError:
        return
    here = services.place
    for declared in manifest.package.sets.values():
        yield tuple(url.absolute(here) for url in declared.urls)
    for known in lock.sets if lock else ():
        yield tuple(parse_source_url(url, services.aliases) for url in known.urls)


def alias_sources(services: Services, names: Sequence[str]) -> Iterator[SourceUrl]:
    """Yield what those of the aliases ``names`` stand for that name a repository.

    An alias may as well be a host, or the owner of repositories, which cannot be asked.
    """
    for name in sorted(names):
        try:
            url = parse_source_url(name, services.aliases)
        except EkaError:
            continue
        parts = [part for part in url.path.split("/") if part]
        if url.is_local or url.path.endswith(".git") or len(parts) >= _PARTS_OF_A_REPOSITORY:
            yield url.absolute(services.place)


def remembered_sources(services: Services) -> Iterator[SourceUrl]:
    """Yield the sources that were listed before on this machine, in order of their address."""
    found: set[SourceUrl] = set()
    for path in sorted(services.listings.glob("*.jsonl"))[:MOST_REMEMBERED]:
        for line in LineFile(path).lines([_SCHEMA])[:1]:
            text = decode(line).get("source")
            try:
                found.add(
                    parse_source_url(text if isinstance(text, str) else "", services.aliases)
                )
            except EkaError:
                continue
    yield from sorted(found)
