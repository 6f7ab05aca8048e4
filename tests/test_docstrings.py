"""Examples in docstrings do what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "damldg_jax").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_right(name):
    outcome = doctest.testmod(
        importlib.import_module(name),
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.FAIL_FAST,
    )
    assert outcome.attempted
    assert not outcome.failed


def test_there_are_examples():
    assert {"damldg_jax.losses", "damldg_jax.meta", "damldg_jax.metrics"} <= {*MODULES}
