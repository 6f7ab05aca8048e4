"""Eight host devices, double precision on demand, and strict shapes for all tests."""

import gc
import os
import pathlib
import signal
import tempfile

from tests.quick import QUICK_XLA

# Must be set before JAX starts; the tests of pmap need several devices.
os.environ["XLA_FLAGS"] = " ".join(
    [
        os.environ.get("XLA_FLAGS", ""),
        "--xla_force_host_platform_device_count=8",
        QUICK_XLA,
    ]
)
# The tests are small: no accelerator is to be claimed for them.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

import hypothesis
import jax
import pytest

_CACHE = "JAX_COMPILATION_CACHE_DIR"
# Each compiled program maps memory of its own, and stays. Linux allows a process 65 530
# pieces; a process of these tests had 39 000 with a fifth of them to go, and one had
# ended by a segmentation fault.
_MAPS = pathlib.Path("/proc/self/maps")
_MANY_MAPS = 15_000

# Files that take longest, most first: a process that began one of them last would be
# waited for by all others.
_LONGEST = (
    *("notebooks", "docs_commands", "heads", "end_to_end", "baselines_theory"),
    *("distributed", "training", "precision", "heads_devices", "meta_gradient"),
    *("chaos", "together", "whisper_end_to_end", "benchmark_peers", "linear_svm"),
    *("interruption", "readme", "transformer", "features_end_to_end", "sweep"),
    *("baselines", "chunks", "models", "records_damage", "model_file"),
)

# A busy machine is no failure; the same examples on each run are no luck.
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steady")
jax.config.update("jax_numpy_rank_promotion", "raise")


def pytest_configure(config: pytest.Config) -> None:
    """Shares what is compiled among the processes of a session, if not for longer."""
    # Who starts the tests in the background of a script has them ignore Ctrl-C, and
    # with them all commands that they start and interrupt.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not os.environ.get(_CACHE):
        folder = tempfile.TemporaryDirectory()
        config.add_cleanup(folder.cleanup)
        # The other processes inherit it.
        os.environ[_CACHE] = folder.name
        jax.config.update("jax_compilation_cache_dir", folder.name)
    # One may read what another has not yet written to its end; JAX says so, and
    # compiles it itself.
    config.addinivalue_line(
        "filterwarnings",
        "ignore:Error reading persistent compilation cache entry:UserWarning",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has the files that take longest begun first."""
    place = {f"test_{name}.py": number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="module", autouse=True)
def few_programs():
    """Forgets what is compiled after a file of tests, once that has become much."""
    yield
    if _MAPS.exists() and _MAPS.read_bytes().count(b"\n") > _MANY_MAPS:
        jax.clear_caches()
        gc.collect()


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Three small corpora and their records, in ``corpora`` and ``records``.

    They are made once for all processes of a session: to be read or copied, and not to
    be changed.
    """
    from tests.place import make_once

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    return make_once(folder / "synthetic")


@pytest.fixture
def float64():
    """Runs a test in double precision."""
    with jax.enable_x64(True):
        yield
