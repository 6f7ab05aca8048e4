"""Where compiled programs are kept."""

import jax
import jax.numpy as jnp
import pytest
from jax.experimental.compilation_cache import compilation_cache

from experiments.xla import keep_programs

_SETTINGS = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


@pytest.fixture
def nothing_set():
    """As in a process whose user has named no folder."""
    before = {name: getattr(jax.config, name) for name in _SETTINGS}
    jax.config.update("jax_compilation_cache_dir", None)
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def compile_something(number):
    # Long enough to be worth keeping, and another program for each number.
    def many(x):
        for power in range(1000):
            x = jnp.sin(x * (power + number))
        return x

    jax.jit(many)(jnp.ones(3)).block_until_ready()


def kept(workdir):
    return [path for path in (workdir / "compiled").glob("*/*") if path.is_file()]


def test_they_lie_in_the_work_directory_of_each_command(nothing_set, tmp_path):
    """Also if a notebook runs several."""
    keep_programs(tmp_path / "first")
    compile_something(1)
    before = kept(tmp_path / "first")
    assert before
    keep_programs(tmp_path / "second")
    compile_something(2)
    assert kept(tmp_path / "second")
    assert kept(tmp_path / "first") == before


def test_a_folder_that_the_user_has_named_stays(nothing_set, tmp_path):
    named = str(tmp_path / "named")
    jax.config.update("jax_compilation_cache_dir", named)
    keep_programs(tmp_path / "run")
    assert jax.config.jax_compilation_cache_dir == named
