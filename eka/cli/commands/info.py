"""``eka info``."""

from __future__ import annotations

import json
from textwrap import wrap

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.signatures import signature_document, signature_lines
from eka.cli.statuses import status_document, status_words
from eka.cli.text import bold, dim, yellow
from eka.cli.wording import WIDTH, moment, size
from eka.workflow.ages import ago
from eka.workflow.info import InfoReport, atom_info, project_info
from eka.workflow.manifest_changes import plain
from eka.workflow.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Annotated

    from eka.atom import DirectSource, Manifest, SetDeclaration
    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Line, Piece
    from eka.workflow.info import Other, Published

NAME_COLUMNS = 11
SHOWN_OTHERS = 24


def info(
    frame: Frame,
    uri: Annotated[
        str | None,
        typer.Argument(help="SOURCE::LABEL[@VERSION], LABEL, or a directory; default: here."),
    ] = None,
    *,
    offline: option.OfflineFetched = False,
    refresh: option.Refresh = False,
) -> Reply:
    """Show what an atom says about itself, where it comes from, and who signed it.

    Of a label alone the atom of the repository around here is shown, as it is published.

    Exit status: 0 shown, 2 the URI is wrong, 3 no such atom or version, 4 network, 5 what is
    published there is no atom.
    """
    if uri is None:
        report = project_info(Project.at(frame.directory, frame.settings.aliases))
        return Reply(document=_document(report), body=_lines(report, 0))
    services = wiring.services(frame, offline=offline, refresh=refresh)
    report = atom_info(services, uri)
    document = _document(report)
    document["listings"] = listings_document(services)
    return Reply(document=document, body=_lines(report, services.now_s))


def _document(report: InfoReport) -> dict[str, Json]:
    package = report.manifest.package
    document: dict[str, Json] = {
        "label": package.label.text,
        "version": package.version.text,
        "description": package.description,
        "license": package.license,
        "tags": [tag.text for tag in package.tags],
        "systems": list(package.systems),
        "single": package.single,
        "sets": {
            name: ["::"] if declared.own else [url.public for url in declared.urls]
            for name, declared in package.sets.items()
        },
        "dependencies": _dependencies(report.manifest),
        "direct": [
            {"kind": source.kind, "name": source.name.text} for source in report.manifest.direct
        ],
        "builds": report.manifest.build is not None,
        "manifest": {name: plain(value) for name, value in report.written.items()},
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
        "status": status_document(published.status),
        "signatures": None
        if published.signatures is None
        else [signature_document(each) for each in published.signatures],
        "first_seen_s": published.first_seen_s,
        "was_cached": published.was_cached,
        "others": [
            {
                "version": each.published.version.text,
                "commit": each.published.commit.hex,
                "status": status_document(each.published.status),
                "cached": each.is_cached,
            }
            for each in published.others
        ],
    }


def _lines(report: InfoReport, now_s: int) -> list[Line]:
    package, manifest = report.manifest.package, report.manifest
    title: list[str | Piece] = [bold(package.label.text), " ", package.version.text]
    status = report.published.status if report.published else None
    if status is not None:
        title.append(yellow("  yanked" if status.is_yanked else "  deprecated"))
    lines: list[Line] = [tuple(title)]
    if package.description:
        lines += shown_text(package.description)
    facts = [
        ("license", package.license),
        ("tags", " ".join(tag.text for tag in package.tags)),
        ("systems", " ".join(package.systems)),
        ("single", "one version of it in a closure" if package.single else ""),
        *_sets(manifest),
        *_needs(manifest),
        *(("source", _source(each)) for each in manifest.direct),
        ("builds", _builds(manifest)),
        ("composer", _composer(manifest)),
        ("pipelines", " ".join(manifest.pipelines)),
    ]
    lines += _facts(facts)
    if report.published is not None:
        lines += _published_lines(report.published, now_s)
    return lines


def shown_text(text: str) -> list[Line]:
    """Return the lines of a description, each to fit a page, two columns in."""
    width = WIDTH - 2
    return [f"  {line}" for line in wrap(" ".join(text.split()), width)]


def _sets(manifest: Manifest) -> list[tuple[str, str]]:
    return [
        ("set", f"{name} = {'this set' if declared.own else _urls(declared)}")
        for name, declared in manifest.package.sets.items()
    ]


def _urls(declared: SetDeclaration) -> str:
    first, *mirrors = (url.public for url in declared.urls)
    return f"{first} (mirrors: {', '.join(mirrors)})" if mirrors else first


def _source(source: DirectSource) -> str:
    """Return kind and name of a direct source, and what its line says beside."""
    content = source.content()
    words = [source.kind, source.name.text]
    for key, value in content.items() if isinstance(content, dict) else ():
        each = plain(value)
        if each not in ("", []) and each is not False:  # what nobody declared
            words.append(f"{key}={each if isinstance(each, str) else json.dumps(each)}")
    return "  ".join((" ".join(words[:2]), *words[2:]))


def _needs(manifest: Manifest) -> list[tuple[str, str]]:
    groups = ((manifest.dependencies, "needs"), (manifest.dev_dependencies, "dev needs"))
    own = {name for name, declared in manifest.package.sets.items() if declared.own}
    return [
        (
            word,
            f"{line.label.text} {line.requirement.text} from "
            f"{'this set' if line.set_name in own else line.set_name}",
        )
        for lines, word in groups
        for line in lines
    ]


def _builds(manifest: Manifest) -> str:
    if manifest.build is None:
        return ""
    how = "unpacks its sources" if manifest.build.script is None else "runs its script"
    return f"{how} in {manifest.build.rootfs}" if manifest.build.rootfs else how


def _composer(manifest: Manifest) -> str:
    tables = (manifest.compose or {}).values()
    return ", ".join(name for table in tables if isinstance(table, dict) for name in table)


def _facts(facts: Sequence[tuple[str, str]]) -> list[Line]:
    return [(dim(f"{name:<{NAME_COLUMNS}}"), value) for name, value in facts if value]


def _published_lines(published: Published, now_s: int) -> list[Line]:
    commit = published.commit
    status = "; ".join(published.status.sentences) if published.status else ""
    seen_s = published.first_seen_s
    lines = _facts(
        [
            ("status", f"it {status}" if status else ""),
            ("from", published.source.public),
            ("commit", published.rev.hex),
            ("origin", f"{commit.origin.hex} {commit.path or ''}".strip()),
            ("format", commit.format.value),
            ("content", commit.content.hex if commit.content else ""),
            ("id", published.id.text if published.id else ""),
            ("size", f"{published.size.entries} entries, {size(published.size.size_bytes)}"),
            (
                "seen",
                f"first {ago(seen_s, now_s)} ({moment(seen_s)})" if seen_s is not None else "",
            ),
        ]
    )
    lines += _signature_lines(published)
    if published.others:
        names = [_other(each) for each in published.others[:SHOWN_OTHERS]]
        more = len(published.others) - len(names)
        names += [f"and {more} more"] if more else []
        lines += wrapped_fact("others", names)
    return lines


def _signature_lines(published: Published) -> list[Line]:
    if published.signatures is None:
        return _facts([("signed", "not known")])
    if not published.signatures:
        return _facts([("signed", "by nobody")])
    lines: list[Line] = []
    for _, *pieces in signature_lines(published.signatures):
        lines.append((dim(f"{'signed':<{NAME_COLUMNS}}"), *pieces))
    return lines


def _other(other: Other) -> str:
    words = [status_words(other.published.status), "cached" if other.is_cached else ""]
    note = ", ".join(word for word in words if word)
    text = other.published.version.text
    return f"{text} ({note})" if note else text


def wrapped_fact(name: str, values: Sequence[str]) -> list[Line]:
    """Return values one after another on as many lines as they need."""
    lines = wrap("  ".join(value.replace(" ", "\u00a0") for value in values), WIDTH - NAME_COLUMNS)
    plain = [line.replace("\u00a0", " ") for line in lines]
    names = [name, *[""] * len(plain)]
    return [
        (dim(f"{word:<{NAME_COLUMNS}}"), line) for word, line in zip(names, plain, strict=False)
    ]
