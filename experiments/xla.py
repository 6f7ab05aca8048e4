"""How XLA is to compile: its libraries on a CPU, its precision on other backends."""

import hashlib
import importlib.metadata
import importlib.util
import os
import pathlib
import platform

import jax
import jaxlib
from jax.experimental.compilation_cache import compilation_cache

# XLA hands convolutions and products to the library YNN, which computes each on one
# core. XLA's own kernels use all; in sums over many numbers YNN is the faster. A step
# of Deep-All takes three quarters of the time so, on two cores (docs/speed.md).
_YNN = "xla_cpu_experimental_ynn_fusion_type"
_CHOSEN = f"--{_YNN}=LIBRARY_FUSION_TYPE_REDUCE"
# XLA ends the process at a flag that it does not know; these versions were tried.
_KNOWING_YNN = ((0, 10), (0, 12))
# On a CPU XLA takes the barriers of ``jax.checkpoint`` away and then merges what is
# computed again with what was computed before: nothing would be saved.
_PASSES = "xla_disable_hlo_passes"
_BARRIERS_KEPT = f"--{_PASSES}=cse_barrier_expander"
# Packages by which JAX gets other devices than CPUs.
_ACCELERATORS = ("jax_plugins", "libtpu")
_COMPILED = "compiled"
# Of products of float32 numbers; the first is JAX's own default.
MATMUL_PRECISIONS = ("default", "high", "highest")


def choose_precision(precision: str) -> None:
    """Sets the precision of products and convolutions of float32 numbers.

    Args:
      precision: of ``MATMUL_PRECISIONS``; ``default`` leaves it to the device, or to
        JAX_DEFAULT_MATMUL_PRECISION in the environment.
    """
    given = os.environ.get("JAX_DEFAULT_MATMUL_PRECISION") or None
    chosen = given if precision == MATMUL_PRECISIONS[0] else precision
    jax.config.update("jax_default_matmul_precision", chosen)


def choose_flags() -> None:
    """Sets XLA's flags in the environment, unless the user has set the same.

    They concern CPUs, and take effect if JAX has not used a device yet.
    """
    version = tuple(map(int, jaxlib.__version__.split(".")[:2]))
    known = _KNOWING_YNN[0] <= version <= _KNOWING_YNN[1]
    wanted = {_YNN: _CHOSEN} if known else {}
    if _cpus_alone():
        wanted[_PASSES] = _BARRIERS_KEPT
    given = os.environ.get("XLA_FLAGS", "")
    chosen = [flag for name, flag in wanted.items() if name not in given]
    os.environ["XLA_FLAGS"] = " ".join([given, *chosen]).strip()


def _cpus_alone() -> bool:
    """Whether JAX knows of no other device: asking it would start it too early."""
    if platforms := os.environ.get("JAX_PLATFORMS"):
        return platforms == "cpu"
    plugins = importlib.metadata.entry_points(group="jax_plugins")
    return not plugins and not any(map(importlib.util.find_spec, _ACCELERATORS))


def keep_programs(workdir: pathlib.Path) -> None:
    """Has JAX keep what it compiles, so that the same command starts in seconds.

    Where the user has named a folder (``JAX_COMPILATION_CACHE_DIR``), it is that one.

    Args:
      workdir: of the command; they lie in its folder ``compiled``.
    """
    given = jax.config.jax_compilation_cache_dir
    # One that an earlier command of a notebook has set is no wish of the user's.
    if given and pathlib.Path(given).parent.name != _COMPILED:
        return
    # A work directory may be seen by several machines, whose processors differ.
    folder = str(workdir.absolute() / _COMPILED / _processor())
    if folder != given:
        jax.config.update("jax_compilation_cache_dir", folder)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        compilation_cache.reset_cache()


def _processor() -> str:
    """A name for all processors that run each other's programs."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = [platform.processor()]
    told = sorted({line for line in lines if line.startswith(("flags", "Features"))})
    identity = "".join([platform.machine(), *(told or lines[:1])])
    return f"{platform.machine()}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
