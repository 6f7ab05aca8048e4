"""All rows of an evaluation by one command, which may be started on many machines."""
