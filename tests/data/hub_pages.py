"""What the local Hub knows and answers: repositories, commits, large files, one function a page.

Pages follow huggingface_hub 2.4 (hf_api.py, _commit_api.py, lfs.py, file_download.py); how they are
served, and what goes wrong on purpose, is in hub_server.py.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, unquote

import yaml  # type: ignore[import-untyped]

WRITE_TOKEN = "hf_local_write"
READ_TOKEN = "hf_local_read"
LFS_NAMES = re.compile(r"\.(parquet|png|safetensors|bin|gguf|model|zst|gz)$")
MISSING = {"repo": "RepoNotFound", "revision": "RevisionNotFound", "entry": "EntryNotFound"}


class File(NamedTuple):
    """One file of a commit: its content, and whether it is kept as a large file."""

    content: bytes
    lfs: bool

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def blob(self) -> str:
        """Give git's id: of the content, or of the LFS pointer that stands for it."""
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\n"
        data = f"{pointer}size {len(self.content)}\n".encode() if self.lfs else self.content
        return sha1(b"blob %d\0" % len(data) + data).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.lfs else self.blob


Files = dict[str, File]


@dataclass
class Repo:
    private: bool
    commits: dict[str, Files] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, ref: str, files: Files, message: str) -> str:
        tree = {path: file.blob for path, file in sorted(files.items())}
        oid = sha1(f"{len(self.commits)} {message} {tree}".encode()).hexdigest()
        self.commits[oid], self.heads[ref] = files, oid
        self.messages.append(message)
        return oid

    def resolve(self, revision: str) -> str:
        oid = self.heads.get(revision) or self.tags.get(revision) or revision
        if oid not in self.commits:
            raise RefusedError(404, f"no revision {revision}", MISSING["revision"])
        return oid


class Reply(NamedTuple):
    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class RefusedError(Exception):
    def __init__(self, status: int, message: str, code: str = ""):
        super().__init__(message)
        self.reply = Reply(
            json.dumps({"error": message}).encode(),
            status,
            {"X-Error-Message": message, **({"X-Error-Code": code} if code else {})},
        )


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Pages:
    """All repositories, objects and tokens of one Hub."""

    url: str = ""
    tokens: dict[str, str] = field(
        default_factory=lambda: {WRITE_TOKEN: "write", READ_TOKEN: "read"}
    )
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)

    def answer(self, request: Request) -> Reply:
        """Find the page of a request and let it answer."""
        method = request.method.replace("HEAD", "GET")
        for wanted, pattern, page in ROUTES:
            match = re.fullmatch(pattern, request.path)
            if match and method == wanted:
                named = {name: unquote(text) for name, text in match.groupdict(default="").items()}
                try:
                    return page(self, request, **named)
                except RefusedError as refusal:
                    return refusal.reply
        return RefusedError(404, f"no such page: {request.method} {request.path}").reply

    def access(self, request: Request, need: Literal["read", "write"]) -> bool:
        """Tell whether the request carries a token; refuse a wrong or a too weak one."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token and token not in self.tokens:
            raise RefusedError(401, "Invalid credentials in Authorization header")
        if need == "write" and not token:
            raise RefusedError(401, "Authentication is required")
        if need == "write" and self.tokens[token] != "write":
            raise RefusedError(403, "This token may only read")
        return bool(token)

    def open(
        self, request: Request, kind: str, name: str, need: Literal["read", "write"] = "read"
    ) -> Repo:
        known = self.access(request, need)
        repo = self.repos.get((kind, name))
        if repo is None or (repo.private and not known):
            raise RefusedError(404, "Repository not found", MISSING["repo"])
        return repo


def reply(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json"})


def whoami(hub: Pages, request: Request) -> Reply:
    if not hub.access(request, "read"):
        raise RefusedError(401, "Authentication is required")
    return reply({"type": "user", "name": "tester", "orgs": [{"name": "org"}], "auth": {}})


def validate_yaml(hub: Pages, request: Request) -> Reply:
    if not request.json()["content"].startswith("---\n"):
        return reply({"errors": [{"message": "no metadata block"}], "warnings": []}, 400)
    return reply({"errors": [], "warnings": []})


def create_repo(hub: Pages, request: Request) -> Reply:
    hub.access(request, "write")
    asked = request.json()
    kind, name = asked.get("type", "model") + "s", f"{asked['organization']}/{asked['name']}"
    page = {"url": f"{hub.url}/{'' if kind == 'models' else kind + '/'}{name}", "name": name}
    if (kind, name) in hub.repos:
        return reply({**page, "error": "You already created this repo"}, 409)
    private = asked.get("visibility") == "private" or bool(asked.get("private"))
    hub.repos[kind, name] = Repo(private)
    attributes = File(b"*.parquet filter=lfs\n", lfs=False)
    hub.repos[kind, name].commit("main", {".gitattributes": attributes}, "initial commit")
    return reply(page)


def repo_info(hub: Pages, request: Request, kind: str, name: str, revision: str = "") -> Reply:
    repo = hub.open(request, kind, name)
    oid = repo.resolve(revision or "main")
    siblings = [{"rfilename": path} for path in sorted(repo.commits[oid])]
    facts = {"id": name, "sha": oid, "private": repo.private, "siblings": siblings}
    card = repo.commits[oid].get("README.md")
    if card and card.content.startswith(b"---\n"):
        facts["cardData"] = yaml.safe_load(card.content.split(b"---\n")[1])
    return reply({**facts, "tags": [], "downloads": 0, "likes": 0, "gated": False})


def refs(hub: Pages, request: Request, kind: str, name: str) -> Reply:
    repo = hub.open(request, kind, name)
    shown: dict[str, list[dict[str, str]]] = {"branches": [], "converts": [], "pullRequests": []}
    for ref, oid in repo.heads.items():
        if ref.startswith("refs/pr/"):
            number = ref.removeprefix("refs/pr/")
            shown["pullRequests"].append({"name": number, "ref": ref, "targetCommit": oid})
        else:
            full = f"refs/heads/{ref}"
            shown["branches"].append({"name": ref, "ref": full, "targetCommit": oid})
    tags = [{"name": t, "ref": f"refs/tags/{t}", "targetCommit": c} for t, c in repo.tags.items()]
    return reply({**shown, "tags": tags})


def describe(path: str, file: File) -> dict[str, object]:
    entry = {"type": "file", "path": path, "size": len(file.content), "oid": file.blob}
    large = {"oid": file.sha256, "size": len(file.content), "pointerSize": 134}
    return {**entry, "lfs": large} if file.lfs else entry


def list_folder(files: Files, folder: str, *, recursive: bool) -> list[dict[str, object]]:
    """List a folder as the tree page does: files and folders below it, or only directly in it."""
    prefix = f"{folder}/" if folder else ""
    found: dict[str, dict[str, object]] = {}
    for path in sorted(path for path in files if path.startswith(prefix)):
        steps = path.removeprefix(prefix).split("/")
        for depth in range(1, len(steps)):
            if recursive or depth == 1:
                above = prefix + "/".join(steps[:depth])
                oid = sha1(above.encode()).hexdigest()
                found[above] = {"type": "directory", "path": above, "oid": oid, "size": 0}
        if recursive or len(steps) == 1:
            found[path] = describe(path, files[path])
    return list(found.values())


def tree(
    hub: Pages, request: Request, kind: str, name: str, revision: str, folder: str = ""
) -> Reply:
    repo = hub.open(request, kind, name)
    files = repo.commits[repo.resolve(revision)]
    recursive = request.query.get("recursive", [""])[0].lower() in ("1", "true")
    entries = list_folder(files, folder.strip("/"), recursive=recursive)
    if folder and not entries:
        raise RefusedError(404, f"{folder} does not exist", MISSING["entry"])
    return reply(entries)


def paths_info(hub: Pages, request: Request, kind: str, name: str, revision: str) -> Reply:
    repo = hub.open(request, kind, name)
    files = repo.commits[repo.resolve(revision)]
    asked = parse_qs(request.body.decode()).get("paths", [])
    folders = [entry for entry in list_folder(files, "", recursive=True) if "/" not in asked]
    return reply([entry for entry in folders if entry["path"] in asked])


def preupload(hub: Pages, request: Request, kind: str, name: str, revision: str) -> Reply:
    repo = hub.open(request, kind, name, "write")
    files, answers = repo.commits[repo.resolve(revision)], []
    for asked in request.json()["files"]:
        path = asked["path"]
        mode = "lfs" if LFS_NAMES.search(path) or asked["size"] > 10_000_000 else "regular"
        oid = files[path].etag if path in files else None
        answers.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
    return reply({"files": answers})


def lfs_batch(hub: Pages, request: Request, name: str, kind: str = "") -> Reply:
    hub.open(request, kind.strip("/") or "models", name, "write")
    answers = []
    for asked in request.json()["objects"]:
        known = {"oid": asked["oid"], "size": asked["size"]}
        put = {"upload": {"href": f"{hub.url}/lfs/{asked['oid']}", "header": {}}}
        answers.append(known if asked["oid"] in hub.objects else {**known, "actions": put})
    return reply({"transfer": "basic", "objects": answers})


def lfs_put(hub: Pages, request: Request, oid: str) -> Reply:
    if sha256(request.body).hexdigest() != oid:
        raise RefusedError(400, "the content is not the one that was announced")
    hub.objects[oid] = request.body
    return reply({})


def commit(hub: Pages, request: Request, kind: str, name: str, revision: str) -> Reply:
    """Apply a commit as a whole or not at all."""
    repo = hub.open(request, kind, name, "write")
    lines = [json.loads(line) for line in request.body.splitlines() if line]
    header = lines[0]["value"]
    new_pull = "create_pr" in request.query
    head = repo.resolve(revision)
    parent = header.get("parentCommit", head)
    if parent != head and not new_pull:
        raise RefusedError(412, "A commit has happened since. Please refresh and try again.")
    files = dict(repo.commits[repo.resolve(parent)])
    for line in lines[1:]:
        apply(hub, files, line["key"], line["value"])
    number = 1 + sum(ref.startswith("refs/pr/") for ref in repo.heads)
    oid = repo.commit(f"refs/pr/{number}" if new_pull else revision, files, header["summary"])
    page = f"{hub.url}/{'' if kind == 'models' else kind + '/'}{name}"
    pull = {"pullRequestUrl": f"{page}/discussions/{number}"} if new_pull else {}
    return reply({"success": True, "commitOid": oid, "commitUrl": f"{page}/commit/{oid}", **pull})


def apply(hub: Pages, files: Files, key: str, value: dict[str, Any]) -> None:
    path = value["path"]
    if key == "file":
        files[path] = File(base64.b64decode(value["content"]), lfs=False)
    elif key == "lfsFile":
        if value["oid"] not in hub.objects:
            raise RefusedError(400, f"{path}: its large file was never uploaded")
        files[path] = File(hub.objects[value["oid"]], lfs=True)
    else:
        doomed = [p for p in files if p == path or p.startswith(path.rstrip("/") + "/")]
        if not doomed:
            raise RefusedError(404, "A file with this name doesn't exist", MISSING["entry"])
        for gone in doomed:
            del files[gone]


def tag(hub: Pages, request: Request, kind: str, name: str, revision: str) -> Reply:
    repo = hub.open(request, kind, name, "write")
    wanted = request.json()["tag"]
    if wanted in repo.tags:
        raise RefusedError(409, f"Tag {wanted} already exists")
    repo.tags[wanted] = repo.resolve(revision)
    return reply({})


def resolve(
    hub: Pages, request: Request, name: str, revision: str, path: str, kind: str = ""
) -> Reply:
    repo = hub.open(request, kind.strip("/") or "models", name)
    oid = repo.resolve(revision)
    if path not in repo.commits[oid]:
        refusal = RefusedError(404, "Entry not found", MISSING["entry"])
        refusal.reply.headers["X-Repo-Commit"] = oid
        raise refusal
    file = repo.commits[oid][path]
    headers = {"ETag": f'"{file.etag}"', "X-Repo-Commit": oid, "Accept-Ranges": "bytes"}
    if file.lfs:
        headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.content))}
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if not wanted:
        return Reply(file.content, 200, headers)
    first, size = int(wanted[1]), len(file.content)
    last = min(int(wanted[2] or size), size - 1)
    if first >= size:
        return Reply(b"", 416, {"Content-Range": f"bytes */{size}"})
    return Reply(
        file.content[first : last + 1],
        206,
        {**headers, "Content-Range": f"bytes {first}-{last}/{size}"},
    )


NAME = r"(?P<name>[^/]+/[^/]+?)"
REPO = rf"/api/(?P<kind>models|datasets)/{NAME}"
REV = r"(?P<revision>[^/]+)"
Page = Callable[..., Reply]
ROUTES: tuple[tuple[str, str, Page], ...] = (
    ("GET", "/api/whoami-v2", whoami),
    ("POST", "/api/validate-yaml", validate_yaml),
    ("POST", "/api/repos/create", create_repo),
    ("GET", f"{REPO}(?:/revision/{REV})?", repo_info),
    ("GET", f"{REPO}/refs", refs),
    ("GET", f"{REPO}/tree/{REV}(?P<folder>/.+)?", tree),
    ("POST", f"{REPO}/paths-info/{REV}", paths_info),
    ("POST", f"{REPO}/preupload/{REV}", preupload),
    ("POST", f"{REPO}/commit/{REV}", commit),
    ("POST", f"{REPO}/tag/{REV}", tag),
    ("POST", rf"/(?P<kind>datasets/)?{NAME}\.git/info/lfs/objects/batch", lfs_batch),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]{64})", lfs_put),
    ("GET", rf"/(?P<kind>datasets/)?{NAME}/resolve/{REV}/(?P<path>.+)", resolve),
)
