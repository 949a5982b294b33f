"""How every command is called, for tests that try all of them."""

from __future__ import annotations

# Words of a call that succeeds in a checkout of the village. SERVER is the address of its
# repository, KEY a key to sign with, OUT a directory that does not exist yet.
CALLS: dict[str, list[str]] = {
    "init": ["init"],
    "new": ["new", "fresh"],
    "publish": ["publish", "--all", "--allow-dirty"],
    "sign": ["sign", "greet@1.0.0", "--sign-key", "KEY"],
    "bump": ["bump", "shell", "patch"],
    "hook": ["hook", "install", "--chain", "--dry-run"],
    "yank": ["yank", "shell@1.0.0", "--reason", "broken"],
    "deprecate": ["deprecate", "shell@1.0.0", "--reason", "old"],
    "list": ["list", "SERVER"],
    "search": ["search", "greet", "SERVER"],
    "versions": ["versions", "SERVER::greet"],
    "log": ["log", "SERVER::greet"],
    "diff": ["diff", "SERVER::greet@1.0.0", "."],
    "info": ["info", "SERVER::greet"],
    "add": ["add", "SERVER::shell@^1"],
    "remove": ["remove", "shell"],
    "update": ["update"],
    "pin": ["pin", "shell"],
    "unpin": ["unpin", "shell"],
    "import": ["import", "old.lock"],
    "lock": ["lock"],
    "tree": ["tree"],
    "why": ["why", "shell"],
    "outdated": ["outdated"],
    "verify": ["verify", "SERVER"],
    "fetch": ["fetch"],
    "mirror": ["mirror", "OUT"],
    "vendor": ["vendor", "OUT"],
    "build": ["build", "--no-link"],
    "run": ["run", "--json"],
    "shell": ["shell", "-c", "true", "--json"],
    "image": ["image", "OUT"],
    "doctor": ["doctor"],
}
# In which directory of the checkout; its root by default. ``plain`` is an atom without a lock,
# and so is ``user``, which needs ``shell``.
PLACES: dict[str, str] = {
    "add": "plain",
    "import": "plain",
    **dict.fromkeys(("remove", "update", "pin", "unpin"), "user"),
    **dict.fromkeys(
        (
            "info",
            "tree",
            "why",
            "outdated",
            "fetch",
            "build",
            "run",
            "diff",
            "mirror",
            "vendor",
            "image",
            "shell",
        ),
        "greet",
    ),
}
# Every way to give a command an address, in a directory whose manifest and remote name it too.
ADDRESSED: dict[str, list[list[str]]] = {
    "init": [["init", "--remote=URL"], ["init"]],
    "new": [["new", "--label=URL", "--", "fresh"]],
    "publish": [["publish", "--all", "--remote=URL"], ["publish", "--all"]],
    "sign": [
        ["sign", "greet@1.0.0", "--remote=URL", "--sign-key=KEY"],
        ["sign", "--sign-key=KEY", "--", "URL::greet@1.0.0"],
        ["sign", "--sign-key=URL", "--", "greet@1.0.0"],
    ],
    "bump": [["bump", "--", "URL", "patch"], ["bump", "--", "greet", "URL"]],
    "hook": [["hook", "check", "--", "URL"], ["hook", "install", "--", "URL"]],
    "yank": [["yank", "--remote=URL", "--", "greet@1.0.0"], ["yank", "greet@1.0.0"]],
    "deprecate": [["deprecate", "--remote=URL", "--", "greet@1.0.0"]],
    "list": [["list", "--", "URL"], ["list"]],
    "search": [["search", "--", "greet", "URL"]],
    "versions": [["versions", "URL::greet"], ["versions", "--", "URL::greet"]],
    "log": [["log", "--", "URL::greet"], ["log", "greet"]],
    "diff": [["diff", "--", "URL::greet@1.0.0", "1.0.1"], ["diff", "--", "greet@1.0.0", "URL"]],
    "info": [["info", "--", "URL::greet"]],
    "add": [["add", "--", "URL::greet"], ["add", "--accept-source=URL", "--", "URL::greet"]],
    "remove": [["remove", "--", "URL"], ["remove", "--direct=URL", "--", "greet"]],
    "update": [["update", "--", "URL"], ["update", "--accept-source=URL"], ["update"]],
    "pin": [["pin", "--", "URL"], ["pin", "--", "greet@URL"], ["pin", "greet"]],
    "unpin": [["unpin", "--", "URL"], ["unpin", "greet"]],
    "import": [["import", "--", "URL"], ["import", "--name=URL", "--", "old.lock"]],
    "lock": [["lock"], ["lock", "--explain", "--", "URL"]],
    "tree": [["tree", "--", "URL::greet"], ["tree", "--invert=URL::greet"]],
    "why": [["why", "--", "URL::greet"]],
    "outdated": [["outdated"], ["outdated", "--", "URL::greet"]],
    "verify": [["verify", "--", "URL"], ["verify", "--", "URL::greet@^1"]],
    "fetch": [["fetch"]],
    "mirror": [["mirror", "--", "URL"], ["mirror", "out"]],
    "vendor": [["vendor", "--", "URL"], ["vendor", "out"]],
    "build": [["build"]],
    "image": [["image", "--", "URL", "OUT"], ["image", "--rootfs=URL", "--", "OUT"]],
    "run": [["run"]],
    "shell": [["shell"]],
    "doctor": [["doctor"]],
}


def filled(words: list[str], **values: str) -> list[str]:
    """Return words with the placeholders replaced."""
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    return words
