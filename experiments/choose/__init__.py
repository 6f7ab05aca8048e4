"""Chooses settings for an unseen corpus by its sources alone."""
