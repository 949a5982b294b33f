"""``serve``: the operations of the program for other programs, on three ways, one schema."""

from __future__ import annotations

import json
import socket
import stat
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store_cli.console import error_document
from eka.store_cli.conversation import Channel, hello, session
from eka.store_cli.errors import CannotServe, StoreUsage, TooManyConnections
from eka.store_cli.place import Place
from eka.store_cli.serve_http import serve_http

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Mapping

    from eka.store_cli.console import Console

MAX_CONNECTIONS = 64
_BACKLOG = 16
_CLAIM_S = 1.0  # how long a program that listens may take to say so


def serve(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Answer requests until standard input ends or the program is stopped."""
    ways = [bool(arguments.stdio), arguments.socket is not None, arguments.http is not None]
    if ways.count(True) != 1:
        raise StoreUsage("eka-store serve", "choose one of --stdio, --socket and --http")
    with place.store() as store:  # what is wrong with the store is told before anybody connects
        store.info()
    with suppress(KeyboardInterrupt):  # how people end a server
        if arguments.stdio:
            _serve_stdio(place, console)
        elif arguments.socket is not None:
            _serve_socket(Path(arguments.socket).absolute(), place, console)
        else:
            serve_http(arguments, place, console, MAX_CONNECTIONS)
    return Exit.OK


def _serve_stdio(place: Place, console: Console) -> None:
    def write(message: Mapping[str, object]) -> None:
        console.line(message)

    write(hello(may_change=True))
    session(Channel(console.stdin, write, may_change=True), place)


def _serve_socket(path: Path, place: Place, console: Console) -> None:
    with _listening(path) as listener:
        console.document("serve", {"address": str(path)})
        console.talk(f"listening on {path}; Ctrl-C ends it")
        room = threading.BoundedSemaphore(MAX_CONNECTIONS)
        while True:
            connection, _ = listener.accept()
            if not room.acquire(blocking=False):
                with suppress(OSError):
                    fact = {
                        "id": None,
                        "error": error_document(TooManyConnections(MAX_CONNECTIONS)),
                    }
                    connection.sendall(_encoded(fact))
                connection.close()
                continue
            own = Place(place.root, place.environment)
            threading.Thread(
                target=_serve_connection, args=(connection, own, room.release), daemon=True
            ).start()


def _serve_connection(connection: socket.socket, place: Place, done: Callable[[], None]) -> None:
    def write(message: Mapping[str, object]) -> None:
        connection.sendall(_encoded(message))

    try:
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            write(hello(may_change=True))
            session(Channel(lines, write, may_change=True), place)
    finally:
        done()


@contextmanager
def _listening(path: Path) -> Generator[socket.socket, None, None]:
    """Listen on a socket that only its owner can use; one that nobody listens on is replaced."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            if path.exists():
                _check_abandoned(path)
            # Before anybody can connect: the mode of a socket is what guards it.
            fresh = path.with_name(f".{path.name[:40]}.new")
            fresh.unlink(missing_ok=True)
            listener.bind(str(fresh))
            fresh.chmod(stat.S_IRUSR | stat.S_IWUSR)
            listener.listen(_BACKLOG)
            fresh.rename(path)
        except OSError as error:
            fix = "choose a path of fewer than 90 letters in a directory that you may write to"
            raise CannotServe(str(path), error.strerror or str(error), fix) from error
        try:
            yield listener
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _check_abandoned(path: Path) -> None:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise CannotServe(str(path), "something that is not a socket is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_CLAIM_S)
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            return
        raise CannotServe(str(path), "another program listens there")


def _encoded(message: Mapping[str, object]) -> bytes:
    return f"{json.dumps(message)}\n".encode()
