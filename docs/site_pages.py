"""Put the repository's pages outside docs/ into the site, and turn links between both to it.

In the repository a link is right as a path of files; in the site docs/ is the root, and what lies
outside it stands under its own path. mkdocs calls these functions by their names (`hooks`).
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parents[1]
OUTSIDE = (
    "CONTRIBUTING.md",
    "SECURITY.md",
    "packages/*/README.md",
    "packages/*/CHANGELOG.md",
    "packages/*/benchmarks/README.md",
)
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie outside docs/."""
    for pattern in OUTSIDE:
        for path in sorted(REPOSITORY.glob(pattern)):
            name = path.relative_to(REPOSITORY).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Turn links across the border of docs/ into links of the site."""
    docs = Path(config.docs_dir)
    inside = (docs / page.file.src_uri).exists()
    home = posixpath.dirname(f"docs/{page.file.src_uri}" if inside else page.file.src_uri)
    here = posixpath.dirname(page.file.src_uri)

    def in_site(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(home, link[1])).removeprefix("docs/")
        return posixpath.relpath(target, here or ".")

    return LINK.sub(in_site, markdown)
