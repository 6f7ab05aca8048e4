"""Domain-shift-aware meta-learning for cross-corpus speech emotion recognition."""
