"""What to tell a user whose file is missing, is not the official one, or cannot be verified."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wa_data.cache import Identity
from wa_data.errors import DigestError
from wa_data.registry import Archive, Source, SourceFile


def wrong(source: Source, what: str, pin: SourceFile | Archive, found: Identity) -> DigestError:
    """Say which digest was expected and which came."""
    if pin.sha256:
        expected, got = f"sha256 {pin.sha256}", f"sha256 {found.sha256}"
    else:
        expected, got = f"git object {pin.git_blob}", f"{found.git_blob} (sha256 {found.sha256})"
    if isinstance(pin, SourceFile) and pin.bytes is not None:
        expected += f", {pin.bytes:,} bytes"
    return DigestError(
        f"source {source.key}: {what}: not the one that the registry names: expected {expected}; "
        f"got {got}, {found.bytes:,} bytes; get the official one from {source.homepage}, "
        f"or take this one with: wa-data fetch {source.key} --allow-unverified"
    )


def unknown(source: Source, item: SourceFile, local: Path, found: Identity) -> DigestError:
    """Say that nothing vouches for a file, and what its digest is."""
    return DigestError(
        f"{source.key}/{item.path}: no digest is known for this file; got sha256 {found.sha256}, "
        f"{found.bytes:,} bytes, kept as {local}; check it, then pass --allow-unverified or, "
        f'in your own sources file, add sha256 = "{found.sha256}"'
    )


def what_to_do(
    source: Source, missing: Sequence[str], *, cache: Path, mirrors: Sequence[Path], offline: bool
) -> str:
    """Say what is missing, where it was looked for, and the steps to get it."""
    looked = ", ".join([f"the cache {cache}", *map(str, mirrors)])
    known = [source.files[path] for path in missing]
    steps = []
    if offline and any(item.url or item.archive for item in known):
        steps.append("run without --offline to download what has a URL, or")
    steps.append(" ".join(source.obtain.split()) or f"get the files from {source.homepage}")
    return (
        f"source {source.key}: {len(missing)} file(s) missing: {', '.join(missing)} "
        f"(looked in {looked}); {' '.join(steps)}; put each at DIR/{source.key}/<path>, "
        f"as in DIR/{source.key}/{missing[0]}, then run it again with --mirror DIR"
    )
