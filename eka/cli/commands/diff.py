"""``eka diff``."""

from __future__ import annotations

import json

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.errors import UsageFailed
from eka.cli.frame import Frame
from eka.cli.listed import listings_document
from eka.cli.reply import Reply
from eka.cli.text import bold, cyan, dim, green, red, yellow
from eka.cli.wording import WIDTH, by, commit_line, shortened, size
from eka.errors import Exit
from eka.git import ChangeKind
from eka.workflow.diff import diff as compare
from eka.workflow.manifest_changes import dotted
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from typing import Annotated

    from eka.cli import option
    from eka.cli.reply import Json
    from eka.cli.text import Body, Line
    from eka.git import CommitNote, Leaf
    from eka.workflow.diff import DiffReport, FileChange
    from eka.workflow.manifest_changes import ManifestChanges
    from eka.workflow.origin_commits import OriginCommits
    from eka.workflow.sides import Side

SHOWN_FILES = 200
SHOWN_COMMITS = 50
STYLES = {ChangeKind.ADDED: green, ChangeKind.REMOVED: red, ChangeKind.RENAMED: cyan}
TAB_COLUMNS = 8
LINK_MODE = "120000"


def diff(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    old: Annotated[
        str | None,
        typer.Argument(help="SOURCE::LABEL@VERSION, LABEL@VERSION, VERSION, or a directory."),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(help="The same, or another version of OLD; default: the project here."),
    ] = None,
    *,
    patch: Annotated[bool, typer.Option("--patch", "-p", help="Show the lines too.")] = False,
    lock: Annotated[
        bool, typer.Option("--lock", help="Compare atom.lock alone: revisions or files.")
    ] = False,
    exit_code: Annotated[bool, typer.Option(help="End with 1 when files differ.")] = False,
    offline: option.OfflineFetched = False,
    refresh: option.Refresh = False,
) -> Reply:
    """Show what differs between two versions: manifest, files, and commits between their origins.

    Without arguments the newest published version of the project here is compared with its files
    as they are now; with a version alone that version. A label alone means an atom of this
    repository, as its refs have it. Atoms of two labels or two repositories can be compared too.

    With --lock OLD and NEW are revisions of git, or locks; default: HEAD, and atom.lock as it is
    here. In a set's root the locks of all its atoms are compared.

    Exit status: 0 compared, 1 they differ (with --exit-code) or there is no lock, 2 an argument is
    wrong, 3 no such atom, version or revision, 4 network, 5 what is published there is no atom.
    """
    if old is None and new is not None:  # pragma: no cover - typer fills them in order
        old, new = new, None
    words = tuple(word for word in (old, new) if word is not None)
    services = wiring.services(frame, offline=offline or lock, refresh=refresh)
    if lock:
        from eka.cli.lock_diff import lock_diff  # noqa: PLC0415 - few compare locks

        if patch:
            raise UsageFailed("diff", "--lock compares atoms, not lines: leave out --patch")
        return lock_diff(services, words, exit_code=exit_code)
    report = compare(services, words, patch=patch)
    document = _document(report, patch=patch)
    document["listings"] = listings_document(services)
    return Reply(
        document=document,
        body=_body(report, patch=patch),
        status=Exit.FAILED if exit_code and not report.is_same else Exit.OK,
    )


def _document(report: DiffReport, *, patch: bool) -> dict[str, Json]:
    lines = report.lines
    return {
        "old": _side(report.old),
        "new": _side(report.new),
        "same": report.is_same,
        "manifest": _manifest(report.manifest),
        "files": [_file(each, patch=patch) for each in report.files],
        "lines": {"added": lines.added, "removed": lines.removed},
        "commits": _commits(report.commits),
    }


def _side(side: Side) -> dict[str, Json]:
    return {
        "label": side.label.text,
        "version": side.version.text,
        "source": side.source.public if side.source else None,
        "directory": str(side.directory) if side.directory else None,
        "commit": side.rev.hex if side.rev else None,
        "tree": side.tree.hex,
        "origin": side.origin.hex if side.origin else None,
    }


def _manifest(changes: ManifestChanges) -> dict[str, Json]:
    return {
        "fields": [
            {"key": list(each.key), "old": each.old, "new": each.new} for each in changes.fields
        ],
        "dependencies": [
            {
                "set": each.set_name,
                "label": each.label,
                "dev": each.is_dev,
                "old": each.old,
                "new": each.new,
            }
            for each in changes.dependencies
        ],
    }


def _file(file: FileChange, *, patch: bool) -> dict[str, Json]:
    change = file.change
    document: dict[str, Json] = {
        "kind": change.kind.value,
        "path": path_text(change.path),
        "old": _leaf(change.old, file.old_bytes),
        "new": _leaf(change.new, file.new_bytes),
        "binary": file.is_binary,
        "lines": {"added": file.lines.added, "removed": file.lines.removed}
        if file.lines
        else None,
    }
    if patch:
        document["patch"] = list(file.patch)
    return document


def _leaf(leaf: Leaf | None, size_bytes: int | None) -> dict[str, Json] | None:
    if leaf is None:
        return None
    return {
        "path": path_text(leaf.path),
        "mode": leaf.mode,
        "blob": leaf.oid.hex,
        "size_bytes": size_bytes,
    }


def _commits(commits: OriginCommits) -> dict[str, Json]:
    return {
        "unavailable": commits.unavailable or None,
        "complete": commits.is_complete,
        "gained": [note_document(each) for each in commits.gained],
        "lost": [note_document(each) for each in commits.lost],
    }


def note_document(note: CommitNote) -> dict[str, Json]:
    """Return what a source commit says, as JSON."""
    return {
        "commit": note.oid.hex,
        "author": note.author,
        "time_s": note.time_s,
        "subject": note.subject,
    }


def path_text(path: bytes) -> str:
    """Return a path of a tree as text."""
    return path.decode(errors="backslashreplace")


def _body(report: DiffReport, *, patch: bool) -> Body:
    old, new = report.old, report.new
    there = new.version.text if new.label == old.label else new.title
    here = dim("  (the files here)") if new.directory else ""
    lines: list[Line] = [(bold(old.title), " -> ", bold(there), here)]
    if report.is_same:
        return [*lines, "no file differs", *_commit_lines(report.commits)]
    lines += _manifest_lines(report.manifest)
    lines += ["", *_file_lines(report)]
    lines += _commit_lines(report.commits)
    if patch:
        for file in report.files:
            lines += ["", *_patch_lines(file)]
    return lines


def _manifest_lines(changes: ManifestChanges) -> list[Line]:
    lines: list[Line] = ["", bold("manifest")] if changes else []
    for each in changes.fields:
        lines += _changed(dotted(each.key), _shown(each.old), _shown(each.new))
    for line in changes.dependencies:
        name = f"{'dev ' if line.is_dev else ''}{line.label} from {line.set_name}"
        lines += _changed(name, line.old, line.new)
    return lines


def _changed(name: str, old: str | None, new: str | None) -> list[Line]:
    if old is None or new is None:
        sign = green("+") if old is None else red("-")
        value = (old if new is None else new) or ""
        return [("  ", sign, f" {name}  ", _cut(value, name))]
    if len(name) + len(old) + len(new) + len("  ~   -> ") <= WIDTH:
        return [("  ", yellow("~"), f" {name}  {old} -> {new}")]
    return [
        ("  ", yellow("~"), f" {name}"),
        ("      ", red("- "), _cut(old)),
        ("      ", green("+ "), _cut(new)),
    ]


def _cut(value: str, name: str = "") -> str:
    return shortened(value, max(WIDTH - len(name) - len("      + "), WIDTH // 2))


def _shown(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _file_lines(report: DiffReport) -> list[Line]:
    lines, count = report.lines, counted(len(report.files), "file")
    told = f"{count}, {counted(lines.added, 'line')} added, {lines.removed} removed"
    shown = report.files[:SHOWN_FILES]
    counts = [each.lines for each in shown if each.lines is not None]
    plus = max((len(str(each.added)) for each in counts), default=1) + 1
    minus = max((len(str(each.removed)) for each in counts), default=1) + 1
    rows = [_file_row(file, plus, minus) for file in shown]
    more = len(report.files) - len(rows)
    cut: list[Line] = [dim(f"and {more} more: --json names them all")] if more else []
    return [bold(told), *rows, *cut]


def _file_row(file: FileChange, plus: int, minus: int) -> Line:
    change, lines = file.change, file.lines
    style = STYLES.get(change.kind, yellow)
    kind = style(f"{change.kind.value:<8}")
    path = path_text(change.path)
    if change.kind is ChangeKind.RENAMED and change.old is not None:
        path = f"{path_text(change.old.path)} -> {path}"
    added = f"+{lines.added}" if lines and lines.added else ""
    removed = f"-{lines.removed}" if lines and lines.removed else ""
    counts = (green(f"{added:>{plus}}"), " ", red(f"{removed:>{minus}}"))
    return ("  ", kind, "  ", *counts, f"  {path}", dim(_remark(file)))


def _remark(file: FileChange) -> str:
    if file.lines is not None:
        return _mode_note(file)
    sizes = " -> ".join(size(n) for n in (file.old_bytes, file.new_bytes) if n is not None)
    return f"  {'binary' if file.is_binary else 'large'}, {sizes}{_mode_note(file)}"


def _mode_note(file: FileChange) -> str:
    old, new = file.change.old, file.change.new
    if old is None or new is None or old.mode == new.mode:
        return ""
    return f"  mode {old.mode} -> {new.mode}"


def _commit_lines(commits: OriginCommits) -> list[Line]:
    if commits.unavailable:
        return ["", dim(f"commits between their origins: not known ({commits.unavailable})")]
    lines: list[Line] = []
    groups = (
        (commits.gained, counted(len(commits.gained), "new commit")),
        (commits.lost, f"{counted(len(commits.lost), 'commit')} undone"),
    )
    for notes, title in groups:
        if not notes:
            continue
        authors = by(note.author for note in notes)
        lines += ["", (bold(title), f" {authors}")]
        for note in notes[:SHOWN_COMMITS]:
            oid, day, text = commit_line(note)
            lines.append(("  ", cyan(oid), f"  {day}  ", text))
        if len(notes) > SHOWN_COMMITS:
            more = len(notes) - SHOWN_COMMITS
            lines.append(dim(f"and {more} more: --json names them all"))
    if not commits.is_complete:
        lines.append(dim("there are more commits between them than were looked at"))
    return lines


def _patch_lines(file: FileChange) -> list[Line]:
    change = file.change
    old = f"a/{path_text(change.old.path)}" if change.old else "/dev/null"
    new = f"b/{path_text(change.new.path)}" if change.new else "/dev/null"
    if file.lines is None:
        why = "binary files" if file.is_binary else "large files"
        return [bold(f"{why} {old} and {new} differ")]
    if change.kind is ChangeKind.RENAMED:
        return [(bold(f"renamed {old} -> {new}"), dim(_mode_note(file)))]
    if change.kind is ChangeKind.MODE:
        return [(bold(new), dim(_mode_note(file)))]
    lines: list[Line] = [bold(f"--- {old}"), (bold(f"+++ {new}"), dim(_mode_note(file)))]
    styles = {"+": green, "-": red, "@": cyan, "\\": dim}
    for text in file.patch:
        # A tab would be written as an escape: it may stand in a patch, as the columns it takes.
        line = text[:1] + text[1:].expandtabs(TAB_COLUMNS)
        style = styles.get(line[:1])
        lines.append(style(line) if style else line)
    return lines
