"""The part of `cargo xtask libtorch` that needs Python: pip, hashes, zip files.

Run by install.rs, which holds the other end of stdin.
"""

import errno
import hashlib
import os
import runpy
import shutil
import sys
import threading
import zipfile

NO_SPACE, BROKEN_WHEEL = 28, 29  # exit codes that install.rs knows


def end_with_parent():
    """When xtask dies, even by kill -9, its end of the pipe closes: stop, leave nobody behind."""

    def watch():
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def pip(arguments):
    sys.argv = ["pip"] + arguments
    runpy.run_module("pip", run_name="__main__", alter_sys=True)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    print(digest.hexdigest())


def space(folder):
    print(shutil.disk_usage(folder).free)


def licence(name):
    """Where a wheel's licence goes, or None if the member is none."""
    parts = name.split("/")
    if not parts[-1].upper().startswith(("LICENSE", "NOTICE")) or parts[0].startswith("torchgen"):
        return None
    if parts[0].endswith(".dist-info") or parts[0] == "nvidia":
        return "licenses/" + "/".join(p for p in parts if p not in ("licenses", "nvidia"))
    return None


def unpack(plan, target):
    """Each line of `plan`: `wheel PATH`, or `keep MEMBER TARGET` for the wheel above it, tab-separated."""
    wheels = []
    with open(plan, encoding="utf-8") as file:
        for line in file.read().splitlines():
            what, *rest = line.split("\t")
            if what == "wheel":
                wheels.append((rest[0], []))
            else:
                wheels[-1][1].append(rest)
    for path, keep in wheels:
        print("  unpacking", os.path.basename(path), file=sys.stderr, flush=True)
        with zipfile.ZipFile(path) as wheel:
            names = [name for name in wheel.namelist() if not name.endswith("/")]
            members = [(name, licence(name)) for name in names if licence(name)]
            for source, place in keep:
                if source.endswith("/"):
                    found = [(n, place + n[len(source) :]) for n in names if n.startswith(source)]
                else:
                    found = [(source, place)] if source in names else []
                if not found:
                    print("%s has no %s" % (path, source), file=sys.stderr)
                    sys.exit(BROKEN_WHEEL)
                members += found
            for name, place in members:
                place = os.path.join(target, *place.split("/"))
                os.makedirs(os.path.dirname(place), exist_ok=True)
                with wheel.open(name) as source, open(place, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)


if __name__ == "__main__":
    end_with_parent()
    command, *arguments = sys.argv[1:]
    try:
        if command == "pip":
            pip(arguments)
        else:
            {"sha256": sha256, "space": space, "unpack": unpack}[command](*arguments)
    except zipfile.BadZipFile as error:
        print(error, file=sys.stderr)
        sys.exit(BROKEN_WHEEL)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(NO_SPACE if error.errno == errno.ENOSPC else 1)
