"""The data folder: who may use it, the secrets made for it, and which servers run in it right now."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import pwd
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Tried in this order when root starts the embedded servers, which never run as root.
UNPRIVILEGED_USERS = ("frontdesk", "postgres", "nobody")


class EmbeddedError(Exception):
    """The embedded servers cannot be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder that one installation keeps its embedded servers, uploads and secrets in."""

    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    @property
    def uploads(self) -> Path:
        return self.path / "uploads"

    def prepare(self) -> None:
        """Creates what is missing. Raises EmbeddedError when the folder belongs to somebody else."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            owner = self.path.stat().st_uid
            if owner != os.geteuid():
                theirs, ours = user_name(owner), user_name(os.geteuid())
                raise EmbeddedError(
                    f"The data folder {self.path} belongs to {theirs}, and you are {ours}. "
                    f"Start as {theirs}, or name another folder with FRONTDESK_DATA."
                )
            # The server's own user must get through to its folder, and see nothing on the way.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            for folder in (self.logs, self.metrics, self.uploads):
                folder.mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise EmbeddedError(
                f"The data folder {self.path} cannot be used ({error.strerror}). Name another one with FRONTDESK_DATA."
            ) from error

    def server_user(self) -> pwd.struct_passwd | None:
        """Whom the servers run as. None: as ourselves; root drops to the folder's owner or an unprivileged user."""
        if os.geteuid() != 0:
            return None
        for folder in (self.postgres, self.valkey):
            if folder.exists() and folder.stat().st_uid != 0:
                return pwd.getpwuid(folder.stat().st_uid)
        for name in UNPRIVILEGED_USERS:
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise EmbeddedError("PostgreSQL does not run as root, and there is no user for it: useradd --system frontdesk")

    def secrets(self) -> dict[str, str]:
        """The installation's generated secrets, made at first use and completed when a later version needs more."""
        file = self.path / "secrets.json"
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        complete = {name: known.get(name) or make() for name, make in SECRETS.items()}
        if complete != known:
            write_private(file, json.dumps(complete, indent=1) + "\n")
        return complete

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Held by the one `run.py` that runs servers in this folder. Raises EmbeddedError when another one does."""
        with (self.path / "run.lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = self.running()
                where = f" at {running['PUBLIC_URL']} (process {running['PID']})" if running else ""
                raise EmbeddedError(
                    f"Frontdesk already runs from {self.path}{where}. Stop it first, or start a second installation "
                    "with another FRONTDESK_DATA and PORT."
                ) from None
            try:
                yield
            finally:
                (self.path / "run.json").unlink(missing_ok=True)

    def announce(self, environ: dict[str, str]) -> None:
        """Lets other commands of this installation find the running servers."""
        write_private(self.path / "run.json", json.dumps({**environ, "PID": str(os.getpid())}, indent=1) + "\n")

    def running(self) -> dict[str, str]:
        """What `announce` wrote, if the process that wrote it is still there; else nothing."""
        try:
            announced: dict[str, str] = json.loads((self.path / "run.json").read_text())
            os.kill(int(announced["PID"]), 0)
        except (FileNotFoundError, ProcessLookupError):
            return {}
        except PermissionError as error:
            raise EmbeddedError(f"The data folder {self.path} belongs to another user.") from error
        return announced


def write_private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    scratch = path.with_name(path.name + ".new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def fernet_key() -> str:
    """32 random bytes in URL-safe base64, the form ENCRYPTION_KEY has."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def vapid_key() -> str:
    """A private key for Web Push (RFC 8292): a P-256 scalar in unpadded URL-safe base64."""
    from cryptography.hazmat.primitives.asymmetric import ec

    scalar = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return base64.urlsafe_b64encode(scalar.to_bytes(32, "big")).rstrip(b"=").decode()


SECRETS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "ENCRYPTION_KEY": fernet_key,
    "METRICS_TOKEN": lambda: secrets.token_urlsafe(24),
    "VAPID_PRIVATE_KEY": vapid_key,
    "POSTGRES_PASSWORD": lambda: secrets.token_urlsafe(24),
    "DATABASE_PASSWORD": lambda: secrets.token_urlsafe(24),
    "REDIS_PASSWORD": lambda: secrets.token_urlsafe(24),
}
