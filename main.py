"""Start Geomodel: ``python main.py`` for the window, ``python main.py --help`` for the rest."""

import sys

from app.application import main

if __name__ == "__main__":
    sys.exit(main())
