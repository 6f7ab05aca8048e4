"""``python -m experiments.export``: a model for other programs, and its card."""
