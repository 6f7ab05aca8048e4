"""What spares the tests time."""

import importlib.metadata

# A test runs a program once or twice: what XLA spends on making it fast is lost. It
# computes the same, up to rounding. ``XLA_FLAGS`` that are given come before these.
QUICK_XLA = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)
# The older way to emit fusions compiles in half the time. XLA ends the process at a
# flag that it does not know; these versions were tried.
if importlib.metadata.version("jaxlib").startswith("0.10."):
    QUICK_XLA += " --xla_cpu_use_fusion_emitters=false"
