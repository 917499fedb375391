"""Processes to be killed, each a fork of one that has made all that takes long, such as imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

# Where the code of the processes holds this, each begins. It goes on when it is told to.
BEGIN = """
import os, sys
while process := os.fork():
    os.waitpid(process, 0)
print(os.getpid(), flush=True)
sys.stdin.readline()
"""


class Forks:
    """One process after the other. The code prints what it has done, and may wait for a line."""

    def __init__(self, code, *arguments, env=None):
        self._parent = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            start_new_session=True,
        )
        self._process = int(self.said())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self._parent.pid, signal.SIGKILL)
        self._parent.communicate()

    def said(self):
        """The next line that is printed."""
        return self._parent.stdout.readline().rstrip()

    def go_on(self):
        """What the process waits for."""
        self._parent.stdin.write("\n")
        self._parent.stdin.flush()

    def kill(self):
        """Kill the process, which must be alive. Afterwards it is gone, and the next waits to be told."""
        os.kill(self._process, signal.SIGKILL)
        self._process = int(self.said())
