"""Full disks and input/output errors: a clear error, and nothing harmed."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eka.store import ActionInput, Plan, Store, action_id
from tests.fakes.workbench import Workbench
from tests.store_nodes import SAMPLE, nodes, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKOUT = Path(__file__).parents[3]
EKA_STORE = Path(sys.executable).with_name("eka-store")
SEED = os.environ.get("KILL_SEED", "eka")
# Everything that changes a file or a name.
CHANGES = (
    "write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,"
    "mkdirat,rmdir,symlink,symlinkat,fchmod,chmod,fchmodat,utimensat,syncfs"
)
PATIENCE_S = 300  # who waits for itself is found out
# What may be said of a system that refuses; 70, a bug, may not. 120 is Python's own: then not
# even the answer could be written. 100: what the system refused kept a build from being made.
FAILED = {1, 5, 100, 120}
# All threads, but not what they start.
STRACE = ("strace", "-qq", "-f", "-b", "execve")
# What is refused for good, by call: the database, the medium, names, logs.
LASTING = (
    ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync", "EIO"), ("fsync,syncfs", "EIO"),
    ("rename,renameat,renameat2", "EIO"), ("rename,renameat,renameat2", "ENOSPC"),
    ("write", "ENOSPC"), ("mkdir,mkdirat", "ENOSPC"), ("ftruncate", "EIO"), ("pread64", "EIO"),
    ("unlink,unlinkat,rmdir", "EIO"),
)  # fmt: skip


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory, where there is such a place."""
    place = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(prefix="eka-refuse-", dir=place if place.is_dir() else None))
    yield base
    subprocess.run(["chmod", "-R", "u+rwX", str(base)], check=True)
    shutil.rmtree(base)


def filled(home: Path) -> str:
    """Make a store with a root and some garbage; return the path that the root keeps."""
    with Store.open(home / "store") as store:
        library = store.add_tree("library", nodes(SAMPLE))
        path = store.add_tree("app", nodes(library.text.encode()), references=[library])
        store.add_root(home / "result", path)
        for number in range(4):
            store.add_tree("old", nodes({b"f": b"%d" % number}))
        bench = Workbench(store)
        tools = bench.script("echo said; mkdir $out; echo x > $out/f", name="made-library")
        app = bench.script(
            "cat $library/f; echo $library > $out",
            name="made-app",
            inputs={"library": ActionInput(action_id(tools))},
            env={"library": "{{input:library}}"},
        )
        for tree in tools.inputs.values():
            store.keep("rootfs", tree.path)  # type: ignore[union-attr] # they are all trees
        plan = Plan.of([tools, app], (ActionInput(action_id(app)),))
    (home / "plan").write_bytes(plan.encode())
    write(SAMPLE, home / "source")
    return path.text


def told(home: Path, *words: str, under: tuple[str, ...] = ()) -> tuple[int, Any]:
    """Run ``eka-store``; return its exit status and its document."""
    done = subprocess.run(
        [*under, str(EKA_STORE), *words, "--json", "--store", str(home / "store")],
        capture_output=True, text=True, check=False, cwd=home, timeout=PATIENCE_S,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    return done.returncode, json.loads(lines[-1]) if lines else done.stderr


def counted(home: Path, *words: str) -> int:
    """Return how many calls that change something a thread of a command makes at most."""
    notes = home / "notes"
    status, _ = told(home, *words, under=(*STRACE, "-o", str(notes), "-e", f"trace={CHANGES}"))
    assert status == 0
    lines = notes.read_text(errors="replace").splitlines()
    return max(Counter(line.split()[0] for line in lines).values())


def copied(template: Path, home: Path, kept: str) -> None:
    """Copy a store; its root follows."""
    shutil.copytree(template, home, symlinks=True)
    (home / "result").unlink()
    told(home, "roots", "--add", kept, "result")


def check_refused(home: Path, kept: str, words: tuple[str, ...], played: str, *how: str) -> None:
    """Run a command under refusals: it ends as it may, and the store is whole afterwards."""
    status, document = told(home, *words, under=(*STRACE, "-o", "/dev/null", *how))

    played += f": {status}: {document}"
    assert status in FAILED | {0}, played
    if status:
        # The error itself may be what could not be written.
        error = None if isinstance(document, str) else document.get("error")
        refused = how[-1].removeprefix("inject=").partition(":")[0].split(",")
        assert error["why"] if error else "write" in refused, played
    for after in (("verify",), ("path-info", "--closure", kept), words, ("verify",)):
        ended = told(home, *after)
        assert ended[0] == 0, f"{played}; {after}: {ended[1]}"


@pytest.mark.spec("store-ack")
@pytest.mark.spec("gc-together")
@pytest.mark.parametrize(
    "words",
    [
        ("gc",),
        ("add", "source", "--name", "fresh", "--root", "fresh"),
        ("realise", "plan", "--root", "fresh"),
    ],
)
def test_whatever_call_is_refused_the_store_stays_whole(
    memory: Path, rounds: Callable[[int, int], int], words: tuple[str, ...]
) -> None:
    template = memory / "template"
    template.mkdir()
    kept = filled(template)
    shutil.copytree(template, memory / "counted", symlinks=True)
    calls = counted(memory / "counted", *words)
    assert calls > 20
    chance = random.Random(SEED)
    numbers = range(1, calls + 1)
    for number in chance.sample(numbers, min(rounds(2, 100), calls)):
        error = chance.choice(["EIO", "ENOSPC", "EDQUOT", "EROFS"])
        lasting = chance.choice(["", "+"])
        home = memory / f"n{number}"
        copied(template, home, kept)
        inject = f"inject={CHANGES}:error={error}:when={number}{lasting}"
        played = f"seed {SEED}: call {number}{lasting} of {calls}: {error}"
        check_refused(home, kept, words, played, "-e", f"trace={CHANGES}", "-e", inject)


@pytest.mark.spec("store-ack")
@pytest.mark.spec("build-interrupt")
@pytest.mark.spec("run-log")
def test_a_medium_that_refuses_one_kind_of_call_harms_nothing(
    memory: Path, rounds: Callable[[int, int], int]
) -> None:
    template = memory / "template"
    template.mkdir()
    kept = filled(template)
    for number, (calls, error) in enumerate(LASTING[-rounds(2, len(LASTING)) :]):
        home = memory / f"n{number}"
        copied(template, home, kept)
        # Only what lies in the store: else Python itself could not be loaded.
        traced = (
            "-P",
            str(home / "store" / "db.sqlite"),
            "-P",
            str(home / "store" / "db.sqlite-wal"),
        )
        below = traced if calls == "pread64" else ()
        inject = f"inject={calls}:error={error}:when=3+"
        words = ("realise", "plan", "--root", "fresh")
        played = f"all {calls} from the third on: {error}"
        check_refused(home, kept, words, played, *below, "-e", f"trace={calls}", "-e", inject)


@pytest.mark.spec("gc-together")
def test_files_are_deleted_once_their_rows_are_gone_for_good(memory: Path) -> None:
    filled(memory)
    calls, notes = "rename,pwrite64,fdatasync,unlinkat", memory / "notes"
    strace = ("strace", "-qq", "-o", str(notes), "-e", f"trace={calls}")

    status, document = told(memory, "gc", under=strace)

    lines = notes.read_text(errors="replace").splitlines()
    left = [at for at, line in enumerate(lines) if "/trash/" in line and "rename(" in line]
    deleted = next(at for at, line in enumerate(lines) if "unlinkat(" in line and at > left[-1])
    between = [line.partition("(")[0] for line in lines[left[-1] + 1 : deleted]]
    assert (status, len(document["deleted"]), len(left)) == (0, 4, 4)
    assert "pwrite64" in between  # the rows
    assert between[-1] == "fdatasync"


FULL = """
import io, json, os, sys
from pathlib import Path
from eka.errors import EkaError
from eka.store import Store
from eka.store_cli.console import Console
from eka.store_cli.main import dispatch
from tests.store_nodes import nodes

home, count = Path(sys.argv[1]), 0
said = {}
streams = io.BytesIO(), io.StringIO(), sys.stderr
with Store.open(home / "store") as store:
    library = store.add_tree("library", nodes(b"x" * 1000))
    kept = store.add_tree("kept", nodes(library.text.encode()), references=[library])
    store.add_root(home / "result", kept)
for number in range(1000):
    try:
        with Store.open(home / "store") as store:
            store.add_tree(f"t{number}", nodes({b"f": os.urandom(300_000), b"g": b"small"}))
        count += 1
    except EkaError as error:
        said["add"] = error.code
        break
with open(home / "ballast", "wb", buffering=0) as ballast:
    try:
        while ballast.write(bytes(4096)):
            pass
    except OSError:
        pass
said["gc"] = dispatch(["gc"], {"EKA_STORE_DIR": str(home / "store")}, Console(*streams))
(home / "ballast").unlink()
with Store.open(home / "store") as store:
    said["kept"] = store.has(kept) and store.has(library)
    said["again"] = len(store.gc().deleted)
    said["faults"] = [str(fault) for fault in store.verify()]
    said["paths"] = store.info().paths
    store.add_tree("again", nodes(os.urandom(300_000)))
print(json.dumps({**said, "added": count > 2}))
"""


@pytest.mark.spec("gc-full")
@pytest.mark.spec("store-ack")
def test_a_disk_that_is_full_is_emptied_again(memory: Path) -> None:
    mounted = 'mount -t tmpfs -o size=4m,mode=700 eka "$1" && exec "$2" -c "$3" "$1"'

    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mounted, "sh", str(memory), sys.executable, FULL],
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said == {
        "add": "store-unusable", "added": True, "gc": 0, "again": 0, "kept": True, "faults": [],
        "paths": 2,
    }  # fmt: skip
