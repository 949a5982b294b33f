"""What ``eka publish --check`` found, for people and for programs."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.render import error_document, error_lines
from eka.cli.reply import Reply
from eka.cli.text import bold, dim, green, red, yellow
from eka.errors import Exit
from eka.git import CheckState
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from eka.cli.reply import Json
    from eka.cli.text import Line, Table
    from eka.git import CheckedAtom, CheckReport


def check_reply(report: CheckReport) -> Reply:
    """Return the answer; its status says whether a publish would go through."""
    return Reply(
        document={
            "check": True,
            "fine": report.is_fine,
            "commit": report.commit.hex,
            "remote": report.remote,
            "left_out": list(report.left_out),
            "atoms": [_atom_document(atom) for atom in report.atoms],
            "problems": [error_document(problem)["error"] for problem in report.problems],
        },
        body=_lines(report),
        status=Exit.OK if report.is_fine else Exit.FAILED,
    )


def _atom_document(atom: CheckedAtom) -> Json:
    return {
        "status": atom.state.value,
        "label": atom.label.text,
        "version": atom.version.text,
        "path": atom.path,
        "tree": atom.tree.hex,
        "newest": atom.newest.text if atom.newest else None,
        "published_tree": atom.published_tree.hex if atom.published_tree else None,
    }


def _lines(report: CheckReport) -> list[Line | Table]:
    lines: list[Line | Table] = []
    for atom in report.atoms:
        name = bold(f"{atom.label.text} {atom.version.text}")
        if atom.state is CheckState.NEW:
            after = f" after {atom.newest.text}" if atom.newest else ", its first version"
            lines.append((green("new "), name, dim(after)))
        elif atom.state is CheckState.NEEDS_BUMP:
            fix = f" changed since it was published: eka bump {atom.label.text} patch"
            lines.append((red("needs a new version "), name, fix))
    for problem in report.problems:
        lines += [*error_lines(problem), ""]
    if report.left_out:
        count = counted(len(report.left_out), "file")
        told = f"{count} with changes that are in no commit, such as {report.left_out[0]}"
        lines.append((yellow("not looked at: "), told))
    states = [atom.state for atom in report.atoms]
    told = ", ".join(
        f"{states.count(state)} {word}"
        for state, word in (
            (CheckState.NEW, "new"),
            (CheckState.UNCHANGED, "unchanged"),
            (CheckState.NEEDS_BUMP, "to be given a new version"),
        )
    )
    problems = f", {counted(len(report.problems), 'problem')}" if report.problems else ""
    lines.append(dim(f"{told}{problems} at {report.remote or 'this repository alone'}"))
    return lines
