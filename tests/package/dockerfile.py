"""Carries out package/docker/Dockerfile without Docker, and tries what it makes.

Usage: dockerfile.py CACHE_FOLDER MODEL

Each stage is a copy of a Debian that debootstrap made, in which RUN lines run as root under chroot;
then the server is started as the image would start it, its health check run, and a chat had. What
this does not show is Docker's own part: layers, networks, limits. Needs root and debootstrap.
With CCACHE_DIR the compilers go through ccache, which Docker would not have.
"""

from __future__ import annotations

import contextlib
import fnmatch
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "package" / "docker" / "Dockerfile"
IMAGES = {"debian:12-slim": "bookworm"}
PORT = 18080


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Name and arguments, lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", "").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name.upper(), rest.strip()


def debian(cache: Path, release: str) -> Path:
    """The root of one, made once."""
    root = cache / f"root-{release}-docker"
    if not (root / "ready").exists():
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", release, str(root)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (root / "ready").touch()
    return root


def context() -> list[str]:
    """What `COPY .` copies: the tree, less what the ignore file names."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert not any(part.startswith("!") for part in ignored)

    def kept(path: str) -> bool:
        parts = Path(path).parts
        heads = ["/".join(parts[: i + 1]) for i in range(len(parts))]
        return not any(
            fnmatch.fnmatch(head, pattern) or fnmatch.fnmatch(head, pattern.removeprefix("**/"))
            for head in heads
            for pattern in ignored
        )

    return [path for path in listed if path and kept(path) and (ROOT / path).exists()]


@dataclass
class Stage:
    """One that is being built, or has been."""

    root: Path
    workdir: str = "/"
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    port: int = 0

    def command(self, user: str, *words: str, shell: str = "") -> list[str]:
        """To run words or a shell's line in it."""
        line = f"cd {shlex.quote(self.workdir)} && {shell or 'exec ' + shlex.join(words)}"
        environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        if user == "root" and "CCACHE_DIR" in os.environ:
            environment += ["CCACHE_DIR=/ccache"]
        return [
            "chroot", f"--userspec={user}", str(self.root),
            "/usr/bin/env", "-i", *environment, "/bin/sh", "-c", line,
        ]  # fmt: skip


class Build:
    """Of the file."""

    def __init__(self, cache: Path, work: Path) -> None:
        self.cache = cache
        self.work = work
        self.stages: dict[str, Stage] = {}
        self.last: Stage | None = None

    @property
    def stage(self) -> Stage:
        """The one that is being built."""
        assert self.last is not None
        return self.last

    def carry_out(self, name: str, rest: str) -> None:
        """One instruction; any other than these is an error."""
        print(f"--- {name} {rest[:100]}", flush=True)
        getattr(self, f"do_{name.lower()}")(rest)

    def mount(self, what: str, where: Path, *flags: str) -> None:
        """As long as this process lives, in its own view alone."""
        where.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", *flags, what, str(where)], check=True)

    def do_from(self, rest: str) -> None:
        """FROM image [AS name]."""
        image, _, name = rest.partition(" AS ")
        root = self.work / f"stage-{len(self.stages)}"
        subprocess.run(["cp", "-a", str(debian(self.cache, IMAGES[image])), str(root)], check=True)
        shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
        self.mount("proc", root / "proc", "-t", "proc")
        self.last = self.stages[name or str(len(self.stages))] = Stage(root)
        if "CCACHE_DIR" in os.environ:
            self.mount(os.environ["CCACHE_DIR"], root / "ccache", "--bind")
            self.do_run("apt-get -q update && apt-get -qy install --no-install-recommends ccache")

    def do_workdir(self, rest: str) -> None:
        """WORKDIR path."""
        self.stage.workdir = rest
        (self.stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest: str) -> None:
        """COPY [--from=stage] one source and its destination."""
        words = rest.split()
        source = self.stages[words.pop(0).removeprefix("--from=")] if "--from" in rest else None
        (what, where) = words
        to = self.stage.root / os.path.join(self.stage.workdir, where).lstrip("/")
        if source is not None:
            shutil.copytree(source.root / what.strip("/"), to, symlinks=True, dirs_exist_ok=True)
            return
        files = context() if what == "." else [what]
        for path in files:
            named = what == "." or where.endswith("/")
            target = to / (path if what == "." else Path(path).name) if named else to
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, target, follow_symlinks=False)

    def do_run(self, rest: str) -> None:
        """RUN line, as root."""
        assert self.stage.user == "root"
        subprocess.run(self.stage.command("root", shell=rest), check=True)

    def do_user(self, rest: str) -> None:
        """USER name."""
        self.stage.user = rest

    def do_expose(self, rest: str) -> None:
        """EXPOSE port."""
        self.stage.port = int(rest)

    def do_healthcheck(self, rest: str) -> None:
        """HEALTHCHECK [flags] CMD [...]."""
        self.stage.health = json.loads(rest[rest.index("[") :])

    def do_entrypoint(self, rest: str) -> None:
        """ENTRYPOINT [...]."""
        self.stage.entrypoint = json.loads(rest)


def ask(method: str, path: str, body: object = None, key: str = "") -> tuple[int, bytes]:
    """One request."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    with contextlib.closing(connection):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, response.read()


def health(stage: Stage) -> int:
    """The exit status of the check."""
    words = ["/usr/bin/env", f"TLITE_PORT={PORT}", *stage.health]
    return subprocess.run(stage.command(stage.user, *words), check=False).returncode


def try_image(stage: Stage, model: Path) -> None:
    """Starts it, with a model and a key where its documentation says, and asks it."""
    shutil.copytree(model, stage.root / "models" / "demo")
    (stage.root / "run" / "secrets").mkdir(parents=True)
    (stage.root / "run" / "secrets" / "keys").write_text("secret\n", encoding="utf-8")
    assert stage.user != "root"
    assert stage.port == 8080
    # Another port: this is no network of its own.
    words = [str(PORT) if word == str(stage.port) else word for word in stage.entrypoint]
    assert health(stage) != 0
    server = subprocess.Popen(stage.command(stage.user, *words, "/models/demo"))
    try:
        for _ in range(300):
            if health(stage) == 0:
                break
            time.sleep(0.1)
        uid = re.search(
            r"^Uid:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text("ascii"), re.M
        )
        assert uid is not None and uid[1] == "10001", uid
        assert health(stage) == 0
        turn = {"messages": [{"role": "user", "content": "Кто ты?"}], "temperature": 0}
        assert ask("POST", "/v1/chat/completions", turn)[0] == 401
        status, body = ask("POST", "/v1/chat/completions", turn, "secret")
        said = json.loads(body)["choices"][0]["message"]["content"]
        assert (status, said) == (200, "Я маленькая демонстрационная модель libtlite."), body
        assert ask("GET", "/")[0] == 200
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(60)
    assert status == 0, status


def size(root: Path) -> int:
    """Bytes of its files, less what is mounted into it."""
    out = subprocess.run(["du", "-sxb", str(root)], check=True, capture_output=True, text=True)
    return int(out.stdout.split()[0])


def inside(cache: Path, work: Path, model: Path) -> None:
    """In a view of the file systems that is this process's own: its mounts go with it."""
    build = Build(cache, work)
    for name, rest in instructions(DOCKERFILE.read_text(encoding="utf-8")):
        build.carry_out(name, rest)
    print(f"the image: {size(build.stage.root) / 1e6:.0f} MB")
    try_image(build.stage, model)
    print("the server in it: started, checked, asked and ended")


def main() -> int:
    """0 where all is well."""
    cache, model = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    if len(sys.argv) > 3:
        inside(cache, Path(sys.argv[3]), model)
        return 0
    # What is removed here has never had a mount in this process's view.
    with tempfile.TemporaryDirectory(dir=cache) as work:
        again = ["unshare", "--mount", sys.executable, __file__, str(cache), str(model), work]
        return subprocess.run(again, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
