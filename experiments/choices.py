"""Which words a setting may be, whether a flag or a notebook gives it."""

from collections.abc import Mapping

from damldg_jax.algorithms.hyperparameters import ENERGY_STATISTICS
from damldg_jax.algorithms.margins import MARGINS
from damldg_jax.assembly import COMPUTE_DTYPES
from damldg_jax.averaging import AVERAGES
from damldg_jax.batches import BALANCES
from damldg_jax.features import OUTPUTS
from damldg_jax.initial_weights import CHANNELS
from damldg_jax.models import STAGE_SIZES
from damldg_jax.networks import NETWORKS
from damldg_jax.normalization import NORMALIZATIONS
from damldg_jax.norms import NORMS
from damldg_jax.objectives import DIMENSION_LOSSES
from damldg_jax.optimizers import OPTIMIZERS
from damldg_jax.source_domains import DOMAINS
from damldg_jax.targets import TARGETS
from experiments.beginning import STARTS
from experiments.xla import MATMUL_PRECISIONS

CHOICES: Mapping[str, tuple[str, ...]] = {
    "evaluation_statistics": ("recomputed", "running", "target"),
    "energy_statistics": ENERGY_STATISTICS,
    "margin": tuple(MARGINS),
    "risk_mean": ("domains", "samples"),
    "model": tuple(NETWORKS),
    "model_depth": tuple(map(str, STAGE_SIZES)),
    "network_norm": tuple(NORMS),
    "encoder_output": tuple(OUTPUTS),
    "init_channels": tuple(CHANNELS),
    "tuned_start": STARTS,
    "compute_dtype": tuple(COMPUTE_DTYPES),
    "matmul_precision": MATMUL_PRECISIONS,
    "normalization": tuple(NORMALIZATIONS),
    "target_kind": tuple(TARGETS),
    "dimension_loss": tuple(DIMENSION_LOSSES),
    "optimizer": tuple(OPTIMIZERS),
    "weight_average": tuple(AVERAGES),
    "balance": BALANCES,
    "domains": tuple(DOMAINS),
    "data_dtype": ("float32", "bfloat16"),
    "parallel": ("data", "trials", "none"),
    "input": ("auto", "device", "stream"),
}
