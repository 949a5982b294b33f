"""Writes docs/errors: one page per error code, assembled from the error classes themselves.

What stands below the line ``<!-- by hand -->`` of a page is kept.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
import textwrap
from importlib import import_module
from pathlib import Path

import eka
from eka.errors import EkaError

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "errors"
BY_HAND = "<!-- by hand -->"
SECTIONS = ("Args:", "Attributes:", "Source:", "Returns:")
INDEX = "README.md"


def error_classes() -> list[type[EkaError]]:
    """Return every error class of eka, ordered by code, a parent before its children."""
    for module in pkgutil.walk_packages(eka.__path__, "eka."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    found: list[type[EkaError]] = []
    pending: list[type[EkaError]] = [EkaError]
    while pending:
        for kind in pending.pop(0).__subclasses__():
            is_only_a_base = kind.code == EkaError.code and kind.__subclasses__()
            if kind.__module__.startswith("eka.") and not is_only_a_base:
                found.append(kind)
            pending.append(kind)
    return sorted(dict.fromkeys(found), key=lambda kind: kind.code)


def pages() -> dict[str, str]:
    """Return file name -> text of all pages, without what was written by hand."""
    codes: dict[str, list[type[EkaError]]] = {}
    for kind in error_classes():
        codes.setdefault(kind.code, []).append(kind)
    texts = {f"{code}.md": _page(code, kinds) for code, kinds in codes.items()}
    texts[INDEX] = _index(codes)
    return texts


def _page(code: str, kinds: list[type[EkaError]]) -> str:
    return f"# {code}\n\n" + "\n".join(_entry(kind) for kind in kinds)


def _entry(kind: type[EkaError]) -> str:
    status = kind.exit_status
    parts = _message_parts(kind)
    lines = [_meaning(kind), ""]
    lines += [f"- **It says**: {part}" for part in parts.get("what", ())]
    lines += [f"- **What to do**: {part}" for part in parts.get("fix", ())]
    lines += [f"- **Exit status**: {int(status)} ({status.name.lower().replace('_', ' ')})"]
    lines += [f"- **Class**: `{kind.__module__}.{kind.__qualname__}`", ""]
    return "\n".join(lines)


def _meaning(kind: type[EkaError]) -> str:
    text = inspect.cleandoc(kind.__doc__ or "")
    for section in SECTIONS:
        text = text.split(f"\n\n{section}")[0]
    return text


def _index(codes: dict[str, list[type[EkaError]]]) -> str:
    rows = "".join(_row(code, kinds[0]) for code, kinds in codes.items())
    return (
        "# Errors\n\nEvery error of eka has a stable code; `--json` prints it as `error.code`.\n\n"
        f"| code | exit status | meaning |\n|---|---|---|\n{rows}"
    )


def _row(code: str, kind: type[EkaError]) -> str:
    meaning = _meaning(kind).splitlines()[0]
    return f"| [{code}]({code}.md) | {int(kind.exit_status)} | {meaning} |\n"


def _message_parts(kind: type[EkaError]) -> dict[str, list[str]]:
    """Return ``what`` and ``fix`` as the class's own constructor gives them."""
    constructor = vars(kind).get("__init__")
    if constructor is None:
        return {}
    tree = ast.parse(textwrap.dedent(inspect.getsource(constructor)))
    return {
        keyword.arg: texts
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__"
        for keyword in node.keywords
        if keyword.arg in ("what", "fix") and (texts := _texts(keyword.value))
    }


def _texts(value: ast.expr) -> list[str]:
    """Return the sentences an expression can become; a name in braces stands for its value."""
    match value:
        case ast.Constant(value=str(text)) if text:
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(map(_part, parts))]
        case ast.BoolOp(values=values):
            return [text for each in values for text in _texts(each)]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_texts(body), *_texts(orelse)]
        case _:
            return []


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    names = [node.id for node in ast.walk(part) if isinstance(node, ast.Name)]
    return f"*{names[-1].replace('_', ' ')}*" if names else "…"


def write_pages() -> None:
    """Write all pages and remove those of codes that are gone."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = FOLDER / name
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        _, mark, by_hand = old.partition(BY_HAND)
        path.write_text(f"{text}\n{mark}{by_hand}" if mark else text, encoding="utf-8")


if __name__ == "__main__":
    write_pages()
