"""Speaker identification, whose weights runs on emotions may begin with."""
