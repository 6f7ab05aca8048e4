"""Command lines around the library: flags, files, progress and reports."""

import sys

from experiments.interruption import leave_plainly

# So Python calls itself while it looks for the module of ``python -m experiments.main``
# and loads this one first. Notebooks, tests and other programs have a name by now.
if sys.argv[:1] == ["-m"]:
    leave_plainly()
