"""A program of its own that builds one thing: run as other users, killed, or twice at once.

Usage: lone_build.py STORE SCRIPT; prints the path, its content hash and the outcomes as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from eka.store import ActionInput, Store, action_id
from tests.fakes.workbench import Workbench


def build(directory: Path, script: str) -> dict[str, object]:
    """Build a library and a program that refers to it and to itself, from a staged source."""
    with Store.open(directory, durable=False) as store:
        bench = Workbench(store)
        source = bench.tree({"lib.sh": b"echo library\n", "run*": b"#!/bin/sh\n", "l": "run"})
        library = bench.script(
            f"{script}\ncp -r $src $out; id -u > $out/user; env | sort > $out/env",
            name="library",
            inputs={"src": source},
            stage={"src": "src"},
            env={"src": "{{stage:src}}"},
        )
        program = bench.script(
            "mkdir -p $out/bin; echo $library > $out/uses; echo $out > $out/self\n"
            "ln -s $library/run $out/bin/run; ls -ln /usr/bin/sh $library > $out/listing",
            name="program",
            inputs={"library": ActionInput(action_id(library))},
            env={"library": "{{input:library}}"},
        )
        found = bench.realise(library, program)
        info = store.path_info(found)
        return {
            "path": found.text,
            "content": info.content,
            "references": [each.text for each in info.references],
            "faults": [str(fault) for fault in store.verify()],
            "built": [name for name, outcome in bench.outcomes() if outcome == "built"],
        }


if __name__ == "__main__":
    json.dump(build(Path(sys.argv[1]), sys.argv[2]), sys.stdout)
