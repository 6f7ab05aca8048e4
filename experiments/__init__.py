"""Command lines around the library: flags, files, progress and reports."""
