"""Pages of HTML that need no other file: what the reports share."""
