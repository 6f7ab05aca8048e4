"""Ensembles and late fusions of finished runs, from their predictions alone."""
