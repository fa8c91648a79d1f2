"""Environments of Python and Node beside the build, for what is generated and for the tests of clients."""

import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def venv(name, requirements):
    """The interpreter of a Python environment beside the build."""
    made = subprocess.run([ROOT / "scripts/venv", name, requirements], stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.strip()


def packages(folder):
    """The folder, with the Node packages of its lock file in it."""
    if not shutil.which("npm"):
        sys.exit("the clients for Node need Node 20 or later, with npm")
    marker = folder / "node_modules/.package-lock.json"
    if not marker.exists() or marker.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
        marker.touch()
    return folder
