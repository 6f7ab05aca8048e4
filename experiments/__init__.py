"""Command lines around the library: flags, files, progress and reports."""

import os
import sys

from experiments.interruption import leave_plainly

# So Python calls itself while it looks for the module of ``python -m experiments.main``
# and loads this one first; the others are the commands of an installed package.
# Notebooks, tests and other programs have other names by now.
_NAME = os.path.basename(sys.argv[0]) if sys.argv else ""
if _NAME == "-m" or _NAME.startswith("damldg-"):
    leave_plainly()
