"""``python -m ecrguard``."""

import sys

from ecrguard.cli.main import main

sys.exit(main(sys.argv[1:]))
