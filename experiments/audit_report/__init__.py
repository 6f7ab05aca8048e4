"""What `experiments.corpora` tells: as text, as JSON, as a page with pictures."""
