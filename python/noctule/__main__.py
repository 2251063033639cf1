"""``python -m noctule`` is the ``noctule`` command."""

import sys

from ._command import main

sys.exit(main())
