"""Processes that are forks of one which has made all that takes long, such as imports."""

from __future__ import annotations

import json
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

    def go_on(self, line=""):
        """What the process waits for: a line, which may say something."""
        self._parent.stdin.write(f"{line}\n")
        self._parent.stdin.flush()

    def kill(self):
        """Kill the process, which must be alive. Afterwards it is gone, and the next waits to be told."""
        os.kill(self._process, signal.SIGKILL)
        self._process = int(self.said())


# Carries out each job in a fork: a file, as `python FILE WORDS` would, with nothing but imports behind it.
_CARRYING_OUT = """
import json, os, runpy, sys
import numpy, torch
import geomodel.cli, geomodel.experiments.literature
for line in sys.stdin:
    if process := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
    else:
        break
else:
    sys.exit()
folder, environment, said, sys.argv = json.loads(line)
os.environ.update(environment)
os.chdir(folder)
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
for stream, file in (0, os.devnull), (1, said), (2, said):
    os.dup2(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND), stream)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class Loaded:
    """A process that has loaded torch and the library, and carries out files in forks of itself."""

    def __init__(self, env):
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CARRYING_OUT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def carry_out(self, folder, environment, *words):
        """Carry out a file with words, in a folder. Returns the exit code and what was said."""
        said = folder / "said.txt"
        print(json.dumps([str(folder), environment, str(said), words]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline()), said.read_text("utf-8")

    def close(self):
        """End the process."""
        self._process.communicate()
