"""``eka info``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.cli.text import bold, dim
from eka.workflow.info import InfoReport, atom_info, project_info
from eka.workflow.project import Project

if TYPE_CHECKING:
    from eka.atom import Manifest
    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.workflow.info import Published


def info(
    frame: Frame,
    uri: Annotated[
        str | None, typer.Argument(help="SOURCE::LABEL[@REQUIREMENT]; default: the project here.")
    ] = None,
    *,
    offline: Annotated[bool, typer.Option(help="Use what was fetched before.")] = False,
) -> Reply:
    """Show what an atom says about itself and where it was published from.

    Exit status: 0 shown, 2 the URI is wrong, 3 no such atom or version, 4 network, 5 what is
    published there is no atom.
    """
    if uri is None:
        report = project_info(Project.at(frame.directory, frame.settings.aliases))
    else:
        report = atom_info(wiring.services(frame, offline=offline), uri)
    return Reply(document=_document(report), body=_lines(report))


def _document(report: InfoReport) -> dict[str, Json]:
    package = report.manifest.package
    document: dict[str, Json] = {
        "label": package.label.text,
        "version": package.version.text,
        "description": package.description,
        "license": package.license,
        "tags": [tag.text for tag in package.tags],
        "systems": list(package.systems),
        "sets": {
            name: ["::"] if declared.own else [url.public for url in declared.urls]
            for name, declared in package.sets.items()
        },
        "dependencies": _dependencies(report.manifest),
        "direct": [
            {"kind": source.kind, "name": source.name.text} for source in report.manifest.direct
        ],
        "builds": report.manifest.build is not None,
    }
    if report.published is not None:
        document["published"] = _published(report.published)
    return document


def _dependencies(manifest: Manifest) -> list[Json]:
    groups = ((manifest.dependencies, False), (manifest.dev_dependencies, True))
    return [
        {
            "set": line.set_name,
            "label": line.label.text,
            "requirement": line.requirement.text,
            "dev": is_dev,
        }
        for lines, is_dev in groups
        for line in lines
    ]


def _published(published: Published) -> dict[str, Json]:
    commit = published.commit
    return {
        "source": published.source.public,
        "commit": published.rev.hex,
        "tree": commit.tree.hex,
        "origin": commit.origin.hex,
        "path": commit.path,
        "format": commit.format.value,
        "content": commit.content.hex if commit.content else None,
        "genesis": published.genesis.hex if published.genesis else None,
        "id": published.id.text if published.id else None,
        "files": published.size.entries,
        "size_bytes": published.size.size_bytes,
        "versions": published.versions,
    }


def _lines(report: InfoReport) -> list[Line]:
    package = report.manifest.package
    lines: list[Line] = [(bold(package.label.text), " ", package.version.text)]
    facts = [
        ("", package.description),
        ("license", package.license),
        ("tags", " ".join(tag.text for tag in package.tags)),
        ("systems", " ".join(package.systems)),
    ]
    manifest = report.manifest
    for line in (*manifest.dependencies, *manifest.dev_dependencies):
        place = "this set" if package.sets[line.set_name].own else line.set_name
        facts.append(("needs", f"{line.label.text} {line.requirement.text} from {place}"))
    facts += [("source", f"{each.kind} {each.name.text}") for each in manifest.direct]
    if report.published is not None:
        facts += _origin_facts(report.published)
    return lines + [
        (dim(f"{name:<10}"), value) if name else value for name, value in facts if value
    ]


def _origin_facts(published: Published) -> list[tuple[str, str]]:
    commit = published.commit
    return [
        ("from", published.source.public),
        ("commit", published.rev.hex),
        ("origin", f"{commit.origin.hex} {commit.path or ''}".strip()),
        ("id", published.id.text if published.id else ""),
        ("size", f"{published.size.entries} entries, {published.size.size_bytes} bytes"),
    ]
