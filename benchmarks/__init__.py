"""The training step in other frameworks, for ``python -m experiments.benchmark``."""
