"""What spares the tests time."""

# A test runs a program once or twice: what XLA spends on making it fast is lost. It
# computes the same, up to rounding. ``XLA_FLAGS`` that are given come before these.
QUICK_XLA = (
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)
