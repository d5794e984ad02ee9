"""Ends with a clear message on a Python that is too old to read the other scripts."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Vistazo needs Python 3.11 or newer; this is Python %d.%d. Install a newer one, then run:\n"
        "  python3.11 %s" % (sys.version_info[0], sys.version_info[1], sys.argv[0])
    )
