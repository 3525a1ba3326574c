"""Python reads this at the start of every process whose ``PYTHONPATH`` names this folder: forks of it are armed."""

import os
from pathlib import Path

if "CITYLAKE_HOME" in os.environ:
    from tests.kill.moments import arm_after_fork

    arm_after_fork(Path(os.environ["CITYLAKE_HOME"]))
