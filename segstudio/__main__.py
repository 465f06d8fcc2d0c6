"""`python -m segstudio`: the same as the `segstudio` command."""

import sys

from segstudio.app import main

if __name__ == "__main__":
    sys.exit(main())
