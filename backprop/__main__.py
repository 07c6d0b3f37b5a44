"""`python -m backprop`: see backprop/cli."""

import sys

from backprop.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
