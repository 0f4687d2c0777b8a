"""Make the development environment: a virtual environment with pinned, hashed requirements.

Only the standard library is needed, and it may be a Debian python3 without python3-venv. pip installs
uv from `requirements/bootstrap.txt`, uv installs the rest from `requirements/dev.txt`, and envoi itself
is linked in. A stamp keyed on everything that was read makes a second run instantaneous.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = ROOT / "scripts" / "uv"
REQUIREMENTS = ROOT / "requirements"
BOOTSTRAP = REQUIREMENTS / "bootstrap.txt"
DEVELOPMENT = REQUIREMENTS / "dev.txt"
CONSTRAINTS_ON_BUILDS = REQUIREMENTS / "test.txt"


class SetupError(Exception):
    """The environment cannot be made; the text says what to do."""


def say(text: str) -> None:
    print(f"env: {text}", flush=True)


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


def succeeds(*command: str) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def fingerprint() -> str:
    digest = hashlib.sha256(f"{sys.version} {sys.base_prefix} {ROOT}".encode())
    for path in (BOOTSTRAP, DEVELOPMENT, CONSTRAINTS_ON_BUILDS, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def privilege() -> list[str] | None:
    """The words to put before a command that needs root; None when root cannot be had."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and succeeds("sudo", "-n", "true"):
        return ["sudo", "-n"]
    return None


def install_ensurepip() -> None:
    """Debian splits ensurepip off into a package of its own."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    as_root = privilege()
    if as_root is not None and shutil.which("apt-get"):
        say(f"installing {package}")
        apt = (*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")
        install = (*apt, "install", "--yes", package)
        if succeeds(*install) or (succeeds(*apt, "update") and succeeds(*install)):
            return
    raise SetupError(
        f"{sys.executable} has no ensurepip, so it cannot make a virtual environment.\n"
        f"  Install it (apt-get install {package}), or use another Python: make PYTHON=/path/to/python3"
    )


def has(module: str) -> bool:
    """Whether this interpreter has a module, one that was installed a moment ago included."""
    importlib.invalidate_caches()
    return importlib.util.find_spec(module) is not None


def is_usable() -> bool:
    """Whether there is an environment, made from this interpreter, that still starts and has pip."""
    code = "import pip, sys; print(sys.base_prefix, sys.version)"
    try:
        answer = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == f"{sys.base_prefix} {sys.version}"


def make_venv() -> None:
    say(f"making {VENV.name} with {sys.executable} ({sys.version.split()[0]})")
    if not has("ensurepip") or not has("venv"):
        install_ensurepip()
    run(sys.executable, "-m", "venv", "--clear", VENV)


def install_requirements() -> None:
    say("installing uv")
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "--only-binary", ":all:", "-r", BOOTSTRAP)
    say("installing the requirements")
    sync = (UV, "pip", "sync", "--quiet", "--python", PYTHON, "--require-hashes")
    run(*sync, "--build-constraints", CONSTRAINTS_ON_BUILDS, DEVELOPMENT)
    link = (UV, "pip", "install", "--quiet", "--python", PYTHON, "--offline", "--no-deps")
    run(*link, "--no-build-isolation", "--editable", ROOT)


def main() -> None:
    stamp, wanted = VENV / ".envoi-stamp", fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not is_usable():
        make_venv()
    install_requirements()
    stamp.write_text(wanted)
    say("ready")


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(f"env: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"env: this command failed (status {error.returncode}): {' '.join(error.cmd)}")
