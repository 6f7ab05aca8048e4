"""``python -m experiments.predict``: a recording in, an emotion out."""
