"""What grows over thousands of random gestures, and what keeps the window from answering longest.

    python benchmarks/endurance.py [--actions 2000] [--seed 1]

The hands of the tests work the real window. Every five hundred gestures they put everything away, and the table gives
the memory of the process, the objects that Python's collector knows and the widgets; growth is that of a straight line
through the second half. Stalls are ordered by the time that the window's own thread computed in them: on a shared
computer, the rest is others' work.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile

from common import ROOT

SUPPORT = ROOT / "tests" / "support"


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = os.pathsep.join(map(str, (ROOT, SUPPORT)))
        around = {**os.environ, "PYTHONPATH": paths, "GEOMODEL_HOME": f"{folder}/home"}
        files = f"{folder}/files"
        subprocess.run([sys.executable, str(SUPPORT / "hand_files.py"), files], env=around, check=True)
        hands = [sys.executable, str(SUPPORT / "random_hands.py"), files, str(arguments.seed), "--quiet"]
        return subprocess.run([*hands, "--actions", str(arguments.actions)], env=around, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
