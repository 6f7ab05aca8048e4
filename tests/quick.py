"""What spares the tests time."""

# A test runs a program once or twice: what XLA spends on making it fast is lost. It
# computes the same, up to rounding. Without the emitters of fused loops it compiles in
# a third of the time.
_QUICK = {
    "xla_backend_optimization_level": "0",
    "xla_llvm_disable_expensive_passes": "true",
    "xla_cpu_use_fusion_emitters": "false",
    "xla_cpu_parallel_codegen_split_count": "1",
}
# ``XLA_FLAGS`` that are given come before these.
QUICK_XLA = " ".join(f"--{name}={value}" for name, value in _QUICK.items())
