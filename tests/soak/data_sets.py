"""Kill, starve and crowd wa-data, and fill its disk.

After each fault: no set under its final name is anything but whole, and the same command again
gives the bytes of an undisturbed run and leaves nothing else behind. A published set is the old or
the new one, and whole.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from data.faults import environment, kill, leftovers, run
from data.file_server import Page, serving
from data.hub_pages import WRITE_TOKEN
from soak.builds import (
    Build,
    crowd,
    damaged,
    fill_disk,
    finish,
    kill_builds,
    starve_builds,
    undisturbed,
)
from soak.tally import Round, Soak

BIG = b"".join(sha256(str(number).encode()).digest() for number in range(60_000))
PAUSE = 0.004  # seconds between 8 KiB that the file server sends
OFFLINE = ("--allow-unverified", "--offline", "--allow-missing")


def kill_fetches(soak: Soak) -> None:
    """Kill fetches from a slow server; the same cache goes on, so that downloads are resumed."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in (("b.txt", BIG[::-1]), ("c.txt", BIG[1:])):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    files = {"a.txt": BIG, "b.txt": BIG[::-1], "c.txt": BIG[1:]}
    wanted = {sha256(content).hexdigest() for content in files.values()}
    with serving() as server:
        server.pages["/a.txt"] = Page(BIG, pause=PAUSE)
        server.pages["/r.tar.gz"] = Page(packed.getvalue(), pause=PAUSE)
        command = ["fetch", "birds", "--sources", str(write_sources(soak, server.url, files))]
        folder = soak.folder()
        seconds = run(command, environment(folder)).seconds

        def strike(number: int) -> Round:
            cache = folder if number % 2 else soak.folder()
            shutil.rmtree(cache / "files", ignore_errors=True)
            environ = environment(cache)
            hit = kill(command, environ, soak.random.uniform(0, seconds))
            lost = damaged(cache) + finish(command, environ) + damaged(cache)
            if {path.name for path in (cache / "files").glob("*")} != wanted:
                lost.append("the cache does not hold the three files")
            return Round(hit, lost + [f"left: {path}" for path in leftovers(cache / "-", cache)])

        soak.repeat("SIGKILL of fetch", strike)
        fill_disk(soak, "fetch", command, 3 * len(BIG), {})


def write_sources(soak: Soak, url: str, files: dict[str, bytes]) -> Path:
    """Write a sources file: one file by itself, two in an archive."""
    lines = [
        '[birds]\ntitle = "Birds"\nhomepage = "https://birds.example/"\ncitation = "Bird, 2020"',
        'licence = {id = "other", name = "Birds", republish = "no", clause = "ask the birds"}',
        f'archives.release = {{url = "{url}/r.tar.gz", format = "tar.gz"}}',
    ]
    for name, content in files.items():
        place = f'url = "{url}/a.txt"' if name == "a.txt" else 'archive = "release"'
        pin = f'sha256 = "{sha256(content).hexdigest()}"\nbytes = {len(content)}'
        lines.append(f'[[birds.files]]\npath = "{name}"\n{pin}\n{place}')
    path = soak.folder() / "birds.toml"
    path.write_text("\n".join(lines))
    return path


@contextmanager
def hub_process() -> Iterator[str]:
    """Run the local Hub as a process of its own; give its URL."""
    with subprocess.Popen(
        [sys.executable, "-m", "data.hub_server"],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin and child.stdout
        try:
            yield child.stdout.readline().strip()
        finally:
            child.stdin.close()


def kill_pushes(soak: Soak, build: Build) -> None:
    """Kill pushes of two sets in turns onto one repository; what is there is one of the two."""
    folder = soak.folder()
    repo = "org/writing-mix"
    for number, limit in enumerate(("60", "70")):
        run([*build.command, "--limit", limit, "-o", str(folder / str(number))],
            environment(folder / "cache"))  # fmt: skip
    mixes = [folder / str(number) / "writing-mix" for number in (0, 1)]
    digests = [json.loads((mix / "manifest.json").read_text())["digest"] for mix in mixes]
    with hub_process() as url:
        environ = environment(folder / "cache", HF_ENDPOINT=url, HF_TOKEN=WRITE_TOKEN,
                              HF_HOME=str(folder / "hf"), HF_HUB_DISABLE_XET="1")  # fmt: skip
        environ = {name: text for name, text in environ.items() if "OFFLINE" not in name}
        for mix in mixes:
            seconds = run(["push", str(mix), repo], environ).seconds

        def strike(number: int) -> Round:
            command = ["push", str(mixes[number % 2]), repo]
            hit = kill(command, environ, soak.random.uniform(0, seconds))
            lost = published(repo, digests, environ) + finish(command, environ)
            lost += published(repo, [digests[number % 2]], environ)
            left = [path.name for path in mixes[number % 2].parent.glob(".*")]
            return Round(hit, lost + ([f"left: {left}"] if left else []))

        soak.repeat("SIGKILL of push", strike)


def published(repo: str, digests: list[str], environ: dict[str, str]) -> list[str]:
    """Verify what is published: whole, and one of these sets."""
    ended = run(["verify", repo, "--json"], environ)
    if ended.code:
        return [f"verify: exit code {ended.code}: {ended.out}{ended.err[-300:]}"]
    digest = json.loads(ended.out)["digest"]
    return [] if digest in digests else [f"published: {digest}, expected one of {digests}"]


def inject(soak: Soak) -> None:
    """Inject every fault of wa-data."""
    sources = soak.folder()
    run(["demo-sources", "-o", str(sources), "--rows", "2000"], environment(soak.room / "cache"))
    demo = undisturbed(soak, "demo", ["build", "demo"])
    command = ["build", "paper", "--mirror", str(sources), *OFFLINE]
    paper = undisturbed(soak, "paper", command)
    kill_fetches(soak)
    for build in (demo, paper):
        kill_builds(soak, build)
    kill_pushes(soak, demo)
    crowd(soak, paper)
    for build in (demo, paper):
        fill_disk(
            soak, f"build {build.name}", [*build.command, "-o", "{}"], build.bytes, build.whole
        )
    starve_builds(soak, demo)
