"""What documents show: blocks of code, and the commands in them."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md", *ROOT.glob("docs/**/*.md")]
)
# Of a block in a list, too, which is indented.
_BLOCK = r"^ *```{language}\n(.*?)^ *```$"
_SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "scripts"
]


class Command(NamedTuple):
    """A line that starts one of the package's commands.

    Attributes:
      page: that shows it.
      module: whose ``main`` it runs.
      arguments: of its command line.
    """

    page: str
    module: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {self.module} {' '.join(self.arguments)}"


def blocks(text: str, language: str) -> list[str]:
    pattern = _BLOCK.format(language=language)
    return re.findall(pattern, text, re.DOTALL | re.MULTILINE)


def lines(text: str) -> list[str]:
    """Lines of all ``sh`` blocks, continued ones as one."""
    joined = "\n".join(blocks(text, "sh")).replace("\\\n", " ")
    return [line for line in map(str.strip, joined.splitlines()) if line]


def module_of(name: str) -> str:
    """Module that defines ``main`` of ``python -m name``."""
    folder = ROOT.joinpath(*name.split("."))
    return f"{name}.__main__" if folder.is_dir() else name


def commands(path: Path) -> list[Command]:
    """The package's commands that a page shows, whatever is before and after them."""
    page, found = path.relative_to(ROOT).as_posix(), []
    for line in lines(path.read_text("utf-8")):
        match = re.search(r"\bpython -m (experiments\.\w+)|\b(damldg-[\w-]+)", line)
        if not match or line.startswith("#"):
            continue
        module, script = match.groups()
        module = module_of(module) if module else _SCRIPTS[script].partition(":")[0]
        rest = re.split(r" && | &$", line[match.end() :])[0]
        for quote in "\"'":  # It ends what was begun before the command.
            if rest.count(quote) % 2:
                rest = rest.removesuffix(quote)
        words = shlex.split(rest, comments=True)
        found.append(Command(page, module, tuple(words)))
    return found
