"""Measures training steps against each other and against those of other frameworks."""
