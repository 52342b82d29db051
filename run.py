"""Frontdesk's command line. Without a command it runs everything; `python run.py --help` lists the rest."""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from pathlib import Path

OWN_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
SYSTEMS_PYTHON = sys.prefix == sys.base_prefix and sys.executable != str(OWN_PYTHON)
if __name__ == "__main__" and SYSTEMS_PYTHON and OWN_PYTHON.exists():
    # Called by the system's Python: the packages are in ours.
    os.execv(OWN_PYTHON, [str(OWN_PYTHON), *sys.argv])  # noqa: S606

import config  # noqa: E402
from app.data_folder import DataFolder, EmbeddedError, fernet_key  # noqa: E402
from app.startup import Installation, PortTaken, check_port  # noqa: E402
from app.supervisor import StartError, die_with_parent  # noqa: E402
from environment import ConfigError  # noqa: E402

OWN_DATABASE_COMMANDS = ("prepare", "jobs", "worker", "beat", "listen", "web")


def main(argv: list[str]) -> int:
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "new-keys":
            return new_keys()
        settings = config.load(os.environ)
        if arguments.command is None:
            return run_everything()
        if arguments.command == "upgrade-database":
            from app.embedded_upgrade import upgrade

            return upgrade(settings, say)
        return run_command(arguments)
    except (ConfigError, EmbeddedError, StartError, PortTaken) as error:
        print(f"\nFrontdesk cannot start: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run_everything() -> int:
    """Starts all processes and keeps them up until Ctrl+C."""
    started = time.monotonic()
    settings = config.load(os.environ)
    if "MAKELEVEL" in os.environ:
        # `make run`: when make is killed, nobody is left to press Ctrl+C for.
        die_with_parent()
    folder = DataFolder(Path(settings["DATA_DIR"]))
    folder.prepare()
    _configure_logs(settings, "run")
    with folder.lock():
        check_port(settings["HOST"], settings["PORT"])
        with Installation(settings, os.environ) as installation:
            installation.supervisor.stop_on_signals()
            embedded = not (settings["SQLALCHEMY_DATABASE_URI"] and settings["REDIS_URL"])
            say("Starting the database and the queue" if embedded else "Using the configured servers")
            installation.start_servers()
            folder.announce({**_shared(installation.environ), "PUBLIC_URL": settings["PUBLIC_URL"]})
            say("Preparing the database")
            prepared = installation.prepare()
            if not installation.supervisor.stopping.is_set():
                say("Starting web, workers and beat")
                installation.start_processes()
            if not installation.supervisor.stopping.is_set():
                _banner(settings, prepared, time.monotonic() - started)
            installation.supervisor.watch()
            say("Stopping")
        say("Stopped")
    return 0


def run_command(arguments: argparse.Namespace) -> int:
    """Runs one command on the configured servers, on the ones `make run` has up, or on ones started for it alone."""
    settings = config.load(os.environ)
    if settings["SQLALCHEMY_DATABASE_URI"] and settings["REDIS_URL"]:
        return _dispatch(arguments)
    folder = DataFolder(Path(settings["DATA_DIR"]))
    folder.prepare()
    running = folder.running()
    if running:
        os.environ.update({name: value for name, value in running.items() if name not in ("PID", "PUBLIC_URL")})
        return _dispatch(arguments)
    if arguments.command in OWN_DATABASE_COMMANDS:
        raise ConfigError(
            f"`run.py {arguments.command}` needs DATABASE_URL and REDIS_URL, or a running `make run` of this checkout."
        )
    with folder.lock(), Installation(settings, os.environ) as installation:
        installation.start_servers()
        os.environ.update(_shared(installation.environ))
        return _dispatch(arguments)


def _dispatch(arguments: argparse.Namespace) -> int:
    """Everything from here needs the application, which is imported only now."""
    # Importing makes only what stays: looking for rubbish in it is a fifth of the start. commands.run ends this.
    gc.disable()
    from app import commands

    kinds = {"web": "web", "jobs": "worker", "worker": "worker", "beat": "beat", "listen": "worker"}
    os.environ.setdefault("FRONTDESK_PROCESS", kinds.get(arguments.command, "command"))
    return commands.run(arguments)


def new_keys() -> int:
    """Prints a pair of keys for an installation with a database of its own."""
    import secrets

    print(f"SECRET_KEY={secrets.token_urlsafe(48)}\nENCRYPTION_KEY={fernet_key()}")
    return 0


def say(text: str) -> None:
    """One line of progress. Standard error: the output of commands stays theirs."""
    print(f"· {text}", file=sys.stderr, flush=True)


def _banner(settings: dict[str, object], prepared: dict[str, object], seconds: float) -> None:
    lines = ["", f"  Frontdesk is ready at {settings['PUBLIC_URL']}  ({seconds:.1f} s)"]
    if prepared["demo"]:
        lines.append(f"  Demo accounts: admin, manager, staff, staff2, free, password {settings['DEMO_PASSWORD']}")
        if not config.is_loopback(str(settings["HOST"])):
            lines += [
                "",
                f"  WARNING: HOST={settings['HOST']} lets others reach these accounts, whose password is known.",
            ]
            lines += ["  WARNING: set DEMO_PASSWORD, or start without them: FRONTDESK_DEMO=0"]
    if prepared["first_admin_link"]:
        lines.append(f"  Make the first admin (works once): {settings['PUBLIC_URL']}{prepared['first_admin_link']}")
    print("\n".join([*lines, "  Stop with Ctrl+C", ""]), flush=True)


def _shared(environ: dict[str, str]) -> dict[str, str]:
    names = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEY", "METRICS_TOKEN", "VAPID_PRIVATE_KEY")
    return {name: environ[name] for name in (*names, "FRONTDESK_DATA") if environ.get(name)}


def _configure_logs(settings: dict[str, object], process: str) -> None:
    from app import logs

    logs.configure(settings, process)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py", description="Runs Frontdesk; without a command everything.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("web", help="the web processes")
    commands.add_parser("jobs", help="all workers, the beat and what listens")
    worker = commands.add_parser("worker", help="one worker")
    worker.add_argument("queue", choices=config.QUEUES)
    commands.add_parser("beat", help="the clock that finds what is due")
    commands.add_parser("listen", help="reads the mailboxes; polls the Telegram bot where it cannot reach us")
    commands.add_parser("migrate", help="bring the database to this version (safe to run at every start)")
    commands.add_parser("demo", help="load the demo account into an empty installation")
    admin = commands.add_parser("create-admin", help="make an admin")
    for name in ("username", "email", "first-name", "last-name"):
        admin.add_argument(f"--{name}", help="asked for when missing")
    admin.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    reset = commands.add_parser("reset-password", help="give somebody a new password; ends their sessions")
    reset.add_argument("username")
    reset.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    commands.add_parser("first-admin-link", help="print a new one-time link, while there is no admin")
    commands.add_parser("count-anew", help="count the numbers of the activity report anew, from the first day on")
    backup = commands.add_parser("backup", help="write database and uploaded files to one file; work goes on meanwhile")
    backup.add_argument("file", nargs="?", help="frontdesk-DATE.tar when missing")
    restore = commands.add_parser("restore", help="put a backup in the place of what is there")
    restore.add_argument("file")
    restore.add_argument("--replace", action="store_true", help="also where the installation is in use")
    restore.add_argument("--other-key", action="store_true", help="though ENCRYPTION_KEY is another one")
    commands.add_parser("upgrade-database", help="move the embedded database to this version's PostgreSQL")
    commands.add_parser("new-keys", help="print a SECRET_KEY and an ENCRYPTION_KEY")
    commands.add_parser("prepare")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
