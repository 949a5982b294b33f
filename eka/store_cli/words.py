"""The words ``eka-store`` understands."""

from __future__ import annotations

import argparse
import re

import eka
from eka.checking import TYPE_CHECKING
from eka.store_cli.amounts import memory_bytes, size_bytes, span_s, up_to, whole_number
from eka.store_cli.cache_words import CACHE_COMMANDS, add_cache_words
from eka.store_cli.errors import StoreUsage
from eka.store_cli.nix_words import NIX_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import NoReturn

PROGRAM = "eka-store"
_jobs, _rounds, _builders = up_to(1024), up_to(1000), up_to(100)
EXIT_STATUSES = """\
exit statuses:
  0    done
  1    failed
  2    the words or the plan are wrong
  3    what was asked for does not exist
  4    the network or a server failed; trying again may help
  5    something is not what it claims to be
  6    it is there already, and different
  70   a bug in eka-store
  100  a build failed; 101 it took too long
  102  a download has another hash than its pin
  104  built twice, an action gave different outputs
  130  stopped by the user

Every error has a stable code and a page in docs/errors.
"""
KINDS = ("request", "atom", "action", "resolved", "fetch")
_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from ")
_UNKNOWN = re.compile(r"unrecognized arguments: (--[a-z-]+)")


class _Parser(argparse.ArgumentParser):
    """Raises its complaints as errors of eka, with a suggestion."""

    names: Collection[str] = ()  # of the commands whose options may have been meant

    def error(self, message: str) -> NoReturn:
        """Raise `StoreUsage`."""
        hint = ""
        if found := _CHOICE.search(message):
            hint = _suggestion(found[1], list(COMMANDS))
        elif found := _UNKNOWN.search(message):
            hint = _suggestion(found[1], sorted(_options(self.names)))
        raise StoreUsage(self.prog, f"{message.split(' (choose from')[0]}{hint}")


class _Unseen(argparse.HelpFormatter):
    """Looks at what help would be made of, for nobody: argparse makes one for each argument.

    Without a width it would load a module, and ask the terminal, each time.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=80)


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser; its result holds ``command`` and the options of the command.

    Args:
        words: What will be parsed. Making the parser of a command takes a millisecond, so where
            they name some and ask for no help, only those are made.
    """
    wanted: Collection[str] = COMMANDS.keys() & set(words)
    shape: type[argparse.HelpFormatter] = _Unseen
    if not wanted or {"-h", "--help"} & set(words):
        wanted, shape = COMMANDS.keys(), argparse.RawDescriptionHelpFormatter
    top = _Parser(
        prog=PROGRAM,
        description="Keeps immutable trees and realises plans; knows bytes, plans and outputs.",
        epilog=EXIT_STATUSES,
        formatter_class=shape,
        allow_abbrev=False,
    )
    top.names = wanted
    top.add_argument("-V", "--version", action="version", version=f"{PROGRAM} {eka.__version__}")
    _common(top)
    commands = top.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for name, (line, arguments) in COMMANDS.items():
        if name not in wanted:
            continue
        command = commands.add_parser(
            name,
            help=line,
            description=f"{line}.",
            epilog=EXIT_STATUSES,
            formatter_class=shape,
            allow_abbrev=False,
        )
        arguments(command)
        _common(command)
    return top


def _common(command: argparse.ArgumentParser) -> None:
    """Add what every command takes; without a default, so that both places may give it."""
    add = command.add_argument_group("options of every command").add_argument
    nothing = argparse.SUPPRESS
    add(
        "--store",
        metavar="DIR",
        default=nothing,
        help="directory of the store (EKA_STORE_DIR; else $XDG_DATA_HOME/eka/store)",
    )
    add("--json", action="store_true", default=nothing, help="print JSON, errors too")
    add("-q", "--quiet", action="store_true", default=nothing, help="say nothing but results")
    add("-v", "--verbose", action="count", default=nothing, help="say more, such as build logs")


def _info(_: argparse.ArgumentParser) -> None:
    pass


def _add(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", metavar="PATH", help="file, directory or link to add")
    command.add_argument("--name", help="name of the store path (default: the last part of PATH)")
    command.add_argument("--expect", metavar="HASH", help="content hash it must have, 64 digits")
    _nar(command)
    _root(command)
    _dry_run(command, "tell the path, add nothing")


def _path_info(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", metavar="PATH", nargs="+", help="store path, or a link to one")
    command.add_argument("--closure", action="store_true", help="and all they refer to")
    _nar(command)


def _realise(command: argparse.ArgumentParser) -> None:
    command.add_argument("plan", metavar="PLAN", help="file with a plan, - for standard input")
    command.add_argument("-j", "--jobs", metavar="N", type=_jobs, help="builds at one time")
    command.add_argument(
        "-k",
        "--keep-going",
        action="store_true",
        help="after a failure, build the rest",
    )
    command.add_argument("--check", action="store_true", help="build the roots again and compare")
    command.add_argument(
        "--rounds",
        metavar="N",
        type=_rounds,
        default=1,
        help="build each action that is not there yet N times and compare",
    )
    command.add_argument(
        "--keep-failed", metavar="DIR", help="move the files of failed builds there"
    )
    command.add_argument(
        "--nix", metavar="DIR", help="let Nix build, in a store of its own below DIR"
    )
    command.add_argument(
        "--max-memory",
        metavar="SIZE",
        type=memory_bytes,
        help="end a build that needs more memory than SIZE, such as 4G; refused where the machine "
        "cannot limit it",
    )
    command.add_argument(
        "--max-output",
        metavar="SIZE",
        type=size_bytes,
        help="fail a build whose outputs hold more than SIZE together (64G)",
    )
    add_cache_words(command)
    _root(command)
    _dry_run(command, "check the plan and its trees, realise nothing")


def _closure(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", metavar="PATH", nargs="+", help="store path, or a link to one")


def _ls(command: argparse.ArgumentParser) -> None:
    command.add_argument("place", metavar="PATH[/SUB]", help="store path, or something in it")
    command.add_argument("-R", "--recursive", action="store_true", help="and what is below")


def _cat(command: argparse.ArgumentParser) -> None:
    command.add_argument("place", metavar="PATH[/FILE]", help="a file, or one inside a store path")


def _roots(command: argparse.ArgumentParser) -> None:
    command.add_argument("--add", metavar="PATH", help="store path to keep, with a LINK to it")
    command.add_argument("--remove", action="store_true", help="remove LINK")
    command.add_argument("link", metavar="LINK", nargs="?", help="the link of a root")
    _dry_run(command, "tell what would change")


def _log(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "name",
        metavar="ACTION|PATH",
        nargs="?",
        help="id of an action, its first digits, its name, or what it made",
    )
    command.add_argument("--runs", action="store_true", help="list the runs, the newest first")
    command.add_argument(
        "-n", "--last", metavar="N", type=whole_number, help="only the last N lines of the log"
    )
    command.add_argument(
        "-f", "--follow", action="store_true", help="go on until the run ends, as lines are said"
    )


def _keep(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME", nargs="?", help="such as release/1.0")
    command.add_argument("path", metavar="PATH", nargs="?", help="store path, or a link to one")
    command.add_argument("--remove", action="store_true", help="keep a path under NAME no longer")
    _dry_run(command, "tell what would change")


def _add_tree(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("name", metavar="NAME", help="name of the store path")
    strip = "leading directories to drop from the names in the archive"
    add("--strip", metavar="N", type=whole_number, default=0, help=strip)
    add("--expect", metavar="HASH", help="content hash it must have, 64 digits")
    _root(command)
    _dry_run(command, "tell the path, add nothing")


def _put_plan(command: argparse.ArgumentParser) -> None:
    command.add_argument("plan", metavar="PLAN", help="file with a plan, - for standard input")
    _dry_run(command, "check it and tell its id, keep nothing")


def _reduce(command: argparse.ArgumentParser) -> None:
    known = "a request, an atom, an action, sha256:<hash>, their first letters, or a store path"
    command.add_argument("name", metavar="NAME", help=known)


def _sign(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("names", metavar="PATH|NAME", nargs="*", help="store path, or a name that reduces")
    add("--key", metavar="FILE", required=True, help="file with the secret key")
    whole = "sign all that the paths refer to as well, and all that led to any of them"
    add("--closure", action="store_true", help=whole)
    add("--generate", metavar="NAME", help="make a new key of this name in FILE")
    _dry_run(command, "tell what would be signed")


def _trust(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--add", metavar="KEY", help="public key, NAME:BASE64")
    add("--remove", metavar="NAME", help="trust the key of this name no more")
    add("--kind", action="append", choices=KINDS, help="of reductions it is about (all)")
    agree = "let what others assert count only when N trusted keys signed the same (1)"
    add("--require", metavar="N", type=_builders, help=agree)
    _dry_run(command, "tell what would be trusted")


def _export(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("paths", metavar="PATH", nargs="+", help="store paths; what they need goes along")
    add("-o", "--output", metavar="FILE", help="write there, not to standard output")


def _import(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("file", metavar="FILE", nargs="?", help="what export wrote (default: standard input)")
    add("--root", metavar="LINK", help="make LINK point at the first path that was exported")
    _dry_run(command, "check all of it, keep nothing")


def _serve(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--stdio", action="store_true", help="on standard input and output")
    add("--socket", metavar="PATH", help="on a Unix socket that only you can use")
    add("--http", metavar="ADDRESS:PORT", help="over HTTP, as a binary cache too: 127.0.0.1:8321")
    add("--writable", action="store_true", help="over HTTP: let it change the store, take pushes")
    add("--public", action="store_true", help="over HTTP: allow addresses that others reach")


def _image(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("paths", metavar="PATH", nargs="+", help="store path to put in, with all it refers to")
    add("directory", metavar="DIR", help="where the image goes; one that is there is replaced")
    add("--rootfs", metavar="PATH", help="store path whose contents become /")
    add("--tag", default="latest", help="name of the image in DIR (default: latest)")
    add("--entrypoint", metavar="WORDS", help='what is always started, such as "lua -i"')
    add("--cmd", metavar="WORDS", help="what follows, unless other words are given")
    add("--env", metavar="NAME=VALUE", action="append", default=[], help="set a variable")
    add("--label", metavar="NAME=VALUE", action="append", default=[], help="set a label")
    add("--workdir", metavar="DIR", default="/", help="where programs start (default: /)")
    add("--user", metavar="UID[:GID]", default="", help="as whom they run (default: root)")
    add("--system", help="machine it is for, such as aarch64-linux (default: this one)")
    add("--max-layers", metavar="N", type=whole_number, default=100, help="at most (default: 100)")
    add("--gzip", action="store_true", help="compress; the digest then depends on zlib")
    _dry_run(command, "tell which paths make which layer, write nothing")


def _gc(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    size = "delete only until the store holds no more than SIZE, such as 10G: the oldest first"
    add("--max-size", metavar="SIZE", type=size_bytes, help=size)
    age = "keep what was used within AGE, such as 7d or 36h"
    add("--keep-since", metavar="AGE", type=span_s, help=age)
    _dry_run(command, "tell what would be deleted")


def _verify(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", metavar="PATH", nargs="*", help="store paths (default: all)")
    command.add_argument(
        "--repair", action="store_true", help="take damaged paths out, to be made again"
    )


COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "info": ("Tell what the store is and how much it holds", _info),
    "add": ("Add a file, directory or link to the store", _add),
    "path-info": ("Tell what is known of store paths", _path_info),
    "closure": ("Tell what paths need: themselves and all they refer to", _closure),
    "ls": ("List what is inside a store path", _ls),
    "cat": ("Print a file that is inside a store path", _cat),
    "add-tree": ("Add the tree of a tar archive from standard input", _add_tree),
    "put-plan": ("Check a plan, keep it, and tell its id", _put_plan),
    "realise": ("Make the outputs a plan asks for", _realise),
    "roots": ("List what keeps paths from gc, add or remove a link that does", _roots),
    "keep": ("Keep a path under a name, let it go, or list what is kept", _keep),
    "log": ("Print what a build said, or list what ran", _log),
    "reduce": ("Tell what a name comes to, who says so and why", _reduce),
    "sign": ("Sign paths and what names reduce to, or make a key", _sign),
    "trust": ("List whose signatures count, trust a key or trust it no more", _trust),
    "export": ("Write paths, and all they need, as one stream", _export),
    "import": ("Take over the paths of a stream, all of them or none", _import),
    "stats": ("Tell how much of everything the store holds", _info),
    "serve": ("Answer requests of other programs, as lines of JSON", _serve),
    "image": ("Write store paths, with all they need, as an OCI image", _image),
    "gc": ("Delete every path that no root and no running process needs", _gc),
    "verify": ("Read store paths again and tell what is damaged", _verify),
    **CACHE_COMMANDS,
    **NIX_COMMANDS,
}


def _root(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--root", metavar="LINK", help="make LINK point at it and keep it while LINK exists"
    )


def _nar(command: argparse.ArgumentParser) -> None:
    command.add_argument("--nar", action="store_true", help="and the SHA-256 of the NAR, for Nix")


def _dry_run(command: argparse.ArgumentParser, line: str) -> None:
    command.add_argument("--dry-run", action="store_true", help=line)


def _options(names: Collection[str]) -> set[str]:
    """Return the options of commands: one of them was meant."""
    every = argparse.ArgumentParser(add_help=False, conflict_handler="resolve")
    _common(every)
    for name in names:
        COMMANDS[name][1](every)
    return set(re.findall(r"--[a-z-]+", every.format_help()))


def _suggestion(word: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only wrong words need it

    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""
