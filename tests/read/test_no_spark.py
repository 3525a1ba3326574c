"""What people ask of the lake is answered without Spark, and without waiting for it to be imported."""

import pkgutil
import subprocess
import sys

import citylake.read

LOOK = (
    "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print('pyspark' in sys.modules)"
)


def test_nothing_that_people_ask_imports_spark() -> None:
    names = [found.name for found in pkgutil.walk_packages(citylake.read.__path__, "citylake.read.")]
    assert len(names) > 8
    done = subprocess.run([sys.executable, "-c", LOOK, *names], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
