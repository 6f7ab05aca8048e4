"""The documentation is built as a site, without a warning, and needs nobody else."""

import importlib.util
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from tests.documents import ROOT

# What a browser fetches to show a page, by element and attribute.
FETCHED = {
    *(("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")),
    ("link", "href"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "WARNING" not in told
    return folder


class Page(HTMLParser):
    """Collects what a page fetches and what it links to."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.links = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "link" and named.get("rel") == "canonical":
            return
        for name, value in named.items():
            if (tag, name) in FETCHED:
                self.fetched.add(value)
            if (tag, name) == ("a", "href"):
                self.links.add(value)


def pages(site):
    return {
        path.relative_to(site).as_posix(): Page(path.read_text("utf-8"))
        for path in site.rglob("*.html")
    }


def test_nothing_is_fetched_from_elsewhere(site):
    found = pages(site)
    assert len(found) > 30
    for name, page in found.items():
        elsewhere = {x for x in page.fetched if re.match(r"(https?:)?//", x or "")}
        assert not elsewhere, name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//", sheet.read_text("utf-8"))


def test_links_between_pages_lead_to_pages(site):
    found = pages(site)
    for name, page in found.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link) or link.startswith("/"):
                continue
            target = (site / name).parent / link.partition("#")[0]
            assert target.exists(), (name, link)
            assert target.suffix != ".md", (name, link)


def test_files_of_the_repository_become_pages(site):
    home = (site / "index.html").read_text("utf-8")
    assert "Two commands" in home
    assert 'href="howto/own_corpus.html"' in home
    assert 'src="quickstart.png"' in home
    assert "Unreleased" in (site / "changelog.html").read_text("utf-8")
    design = (site / "design.html").read_text("utf-8")
    assert "benchmarks.html" in (site / "performance.html").read_text("utf-8")
    assert 'href="records.html"' in design


def test_the_reference_is_of_the_docstrings(site):
    pieces = (site / "reference" / "pieces.html").read_text("utf-8")
    assert 'id="damldg_jax.meta.virtual_update"' in pieces
    assert "eta_s grad L_theta(S&#39;)" in pieces or "eta_s grad L_theta(S')" in pieces


def load(name):
    path = ROOT / "docs" / "site" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"site_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pictures_are_as_they_were_drawn():
    for name, draw in load("pictures").PICTURES.items():
        assert (ROOT / "docs" / name).read_text("utf-8") == draw(), name


@pytest.mark.parametrize(
    ("uri", "before", "after"),
    [
        ("index.md", "[x](docs/howto/resume.md)", "[x](howto/resume.md)"),
        ("index.md", "![x](docs/quickstart.png)", "![x](quickstart.png)"),
        ("howto/resume.md", "[x](../../README.md#a)", "[x](../index.md#a)"),
        ("howto/resume.md", "[x](../data.md#corpora)", "[x](../data.md#corpora)"),
        ("design.md", "see [x](../LICENSE).", "see x."),
        (
            "index.md",
            "[![Open](https://a.b/c.svg)](https://d.e)",
            "[Open](https://d.e)",
        ),
        ("design.md", "`CORPORA[x](docs/no.md)`", "`CORPORA[x](docs/no.md)`"),
        ("design.md", "```\n[x](no.md)\n```", "```\n[x](no.md)\n```"),
        ("design.md", "[x](https://a.b) [y](#z)", "[x](https://a.b) [y](#z)"),
    ],
)
def test_links_between_files_become_links_between_pages(uri, before, after):
    hook = load("hook")
    page = type("Page", (), {"file": type("File", (), {"src_uri": uri})})
    assert hook.on_page_markdown(before, page, None, None) == after


def test_a_link_to_nothing_is_an_error():
    hook = load("hook")
    page = type("Page", (), {"file": type("File", (), {"src_uri": "design.md"})})
    with pytest.raises(Exception, match=r"docs/design\.md: there is no docs/no\.md"):
        hook.on_page_markdown("[x](no.md)", page, None, None)
