"""``python -m envoi``: the same as the command ``envoi``.

Nothing lives here; the command line is in `envoi.cli`.
It is here for environments whose scripts are not on the PATH.
"""

from __future__ import annotations

import sys

from envoi.cli import main

sys.exit(main())
