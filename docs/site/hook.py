"""Makes the same texts a site that are read in the repository.

README.md and others that lie outside of docs/ become pages of their own, and links
between files become links between pages. What is a file of the repository and no page
keeps its text and loses its link; a link to nothing is an error.
"""

import pathlib
import posixpath
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = "docs/"
# Files outside of docs/ and their pages.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
}
# Home has no neighbours to be listed beside it.
_HEADS = {"index.md": "---\nhide: [navigation]\n---\n"}
_ORIGINS = {page: name for name, page in PAGES.items()}
_CODE = re.compile(r"(^ *```.*?^ *```$|`[^`\n]+`(?!\]))", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_BADGE = re.compile(r"!\[([^\]]*)\]\(https?:[^)\s]+\)")
_ELSEWHERE = re.compile(r"[a-z]+:|#")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages whose files lie outside of docs/."""
    for name, page in PAGES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_HEADS.get(page, "") + text))
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Turns links between files into links between pages, but not in code."""
    del config, files
    parts = _CODE.split(markdown)
    turned = [
        part if number % 2 else _turned(part, page.file.src_uri)
        for number, part in enumerate(parts)
    ]
    return "".join(turned)


def _turned(text: str, uri: str) -> str:
    # Nothing is fetched from elsewhere: of a picture that lies there its name is left.
    return _LINK.sub(lambda link: _turn(link, uri), _BADGE.sub(r"\1", text))


def _turn(link: re.Match, uri: str) -> str:
    text, target = link.groups()
    if _ELSEWHERE.match(target):
        return link.group()
    origin = _ORIGINS.get(uri, DOCS + uri)
    path, mark, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
    if not (ROOT / path).exists():
        raise PluginError(f"{origin}: there is no {path}, to which '{text}' links.")
    if path not in PAGES and not path.startswith(DOCS):
        return text
    page = PAGES.get(path) or path.removeprefix(DOCS)
    relative = posixpath.relpath(page, posixpath.dirname(uri) or ".")
    return f"[{text}]({relative}{mark}{anchor})"
