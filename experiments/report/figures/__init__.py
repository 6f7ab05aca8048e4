"""Pictures of a report, each a function of arrays, by matplotlib."""
