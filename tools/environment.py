# SPDX-License-Identifier: Apache-2.0
"""Make the project's virtual environment, or heal it: what the Makefile's targets begin with.

Every step is complete or is done again: an environment without pip, one of another Python or of a
moved clone is made anew; packages are installed again when one that the last run installed is
gone, or when pyproject.toml or constraints.txt changed. When nothing is to be done, this takes a
moment and starts no pip. Needs Python's own library only.

examples:
  scripts/environment.py .venv sim train      the extras sim and train of pyproject.toml
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
TOOLS = ("perl", "g++", "make")
SIZES = {
    "sim": "0.2 GB",
    "train": "1 GB with PyTorch for processors, 5 GB and more with CUDA, see getting_started.md",
}
"""What an extra takes on the disk, about (du on Linux, Python 3.11 and 3.12)."""
FUSESOC = """\
#!{python}
# The project's fusesoc: FuseSoC that knows the short name lsfq:accel and finds Verilator.
import sys

sys.path.insert(0, {root!r})
from lsfq.simulation.fusesoc_command import main

sys.exit(main())
"""


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def check_machine() -> None:
    """SetupError for what pip cannot bring."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        raise SetupError(
            f"this is Python {found}, 3.11 or newer is needed: make PYTHON=python3.12 ..."
        )
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise SetupError(f"{', '.join(missing)} missing: Verilator needs them; sudo apt install "
                         f"{' '.join(missing)}")  # fmt: skip
    if any(character.isspace() for character in str(ROOT)):
        raise SetupError(
            f"{ROOT}: this path has a space, which Verilator's makefiles cannot take: move the "
            "clone to a path without one"
        )


def python_of(venv: Path) -> Path:
    """The environment's Python."""
    return venv / "bin" / "python"


def make_venv(venv: Path, asked: bool) -> None:
    """An environment with pip at ``venv``, of this Python where one was ``asked`` for."""
    if venv.exists():
        fault = fault_of(venv, asked)
        if fault is None:
            return
        print(f"{venv} {fault}: making it again", flush=True)
        shutil.rmtree(venv)
    print(f"Setting up {venv} with Python {sys.version.split()[0]} ...", flush=True)
    base = getattr(sys, "_base_executable", sys.executable)
    try:
        done = subprocess.run([base, "-m", "venv", str(venv)], check=False)
        if done.returncode or not identify(venv):
            raise SetupError(
                "the module venv does not work; on Debian and Ubuntu: sudo apt install python3-venv"
            )
    except BaseException:
        shutil.rmtree(
            venv, ignore_errors=True
        )  # half an environment would be taken for a whole one
        raise


def fault_of(venv: Path, asked: bool) -> str | None:
    """Why the environment cannot be used; None when it can."""
    record = read_record(venv / "venv.json")
    if not python_of(venv).exists():
        return "has no Python"
    if record is None:  # unfinished, or made without this script
        return None if identify(venv) and not asked else "is unfinished"
    if record["folder"] != str(venv):
        return "was moved or copied"
    if asked and record["python"] != list(sys.version_info[:2]):
        return f"is of Python {'.'.join(map(str, record['python']))}"
    return None if (Path(record["packages"]) / "pip").is_dir() else "has no pip"


def identify(venv: Path) -> bool:
    """Whether pip runs there; where it does, ``venv.json`` says what environment this is."""
    code = (
        "import json, pip, sys, sysconfig; "
        "print(json.dumps([list(sys.version_info[:2]), sysconfig.get_paths()['purelib']]))"
    )
    line = [str(python_of(venv)), "-c", code]
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    if done.returncode:
        return False
    python, packages = json.loads(done.stdout)
    write_record(venv / "venv.json", {"folder": str(venv), "python": python, "packages": packages})
    return True


def distributions(venv: Path) -> list[str]:
    """Names of all installed packages, with their versions."""
    record = read_record(venv / "venv.json") or {}
    return sorted(path.stem for path in Path(record.get("packages", "")).glob("*.dist-info"))


def install(venv: Path, extras: list[str], stamp: Path) -> None:
    """Install the project with ``extras``, unless ``stamp`` says that all of it is there."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    wanted = {"extras": extras, "sources": digest.hexdigest()}
    record = read_record(stamp)
    command = venv / "bin" / "fusesoc"
    script = FUSESOC.format(python=python_of(venv), root=str(ROOT))
    same = record is not None and {key: record.get(key) for key in wanted} == wanted
    if same and record is not None and set(record["packages"]) <= set(distributions(venv)):
        if not command.is_file() or command.read_text(encoding="utf-8") != script:
            write_command(command, script)
        return
    stamp.unlink(missing_ok=True)
    sizes = "; ".join(SIZES[extra] for extra in extras if extra in SIZES)
    print(f"Installing {', '.join(extras)} into {venv} ({sizes}) ...", flush=True)
    line = [
        str(python_of(venv)), "-m", "pip", "install", "--disable-pip-version-check",
        "-c", "constraints.txt", "-e", f".[{','.join(extras)}]",
    ]  # fmt: skip
    if subprocess.run(line, cwd=ROOT, check=False).returncode:
        raise SetupError("pip failed; its message is above, and the same command goes on")
    write_command(command, script)  # after pip: FuseSoC brings a command of this name
    write_record(stamp, {**wanted, "packages": distributions(venv)})


def write_command(path: Path, text: str) -> None:
    """An executable file, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)


def read_record(path: Path) -> dict[str, Any] | None:
    """What `write_record` wrote; None where there is nothing of the kind."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def write_record(path: Path, content: dict[str, Any]) -> None:
    """Keep what a later run compares with; whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def main(words: list[str]) -> int:
    """Entry point; 1 when the environment cannot be made."""
    parser = argparse.ArgumentParser(
        prog="scripts/environment.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--this-python",
        action="store_true",
        help="make the environment anew where its Python is not the one that runs this command",
    )
    parser.add_argument("venv", metavar="VENV", type=Path, help="folder of the environment")
    parser.add_argument("extras", metavar="EXTRA", nargs="+", help="extras of pyproject.toml")
    options = parser.parse_args(words)
    asked, venv, extras = options.this_python, options.venv.absolute(), options.extras
    stamp = venv / f"{'all' if 'dev' in extras else extras[-1]}.stamp"
    try:
        check_machine()
        make_venv(venv, asked)
        install(venv, extras, stamp)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"setup: {error.filename or venv}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the same command goes on", file=sys.stderr)
        return 130
    return 0
