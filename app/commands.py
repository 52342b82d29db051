"""The commands of `run.py` that need the application."""

from __future__ import annotations

import argparse
import gc
import getpass
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from flask import Flask
from setproctitle import setproctitle
from sqlalchemy import select

import config
from app import backups, bootstrap, clock, create_app, logs
from app.bootstrap import DatabaseUnfit
from app.errors import UserError
from app.extensions import db
from app.models.people import Role, RoleName, User
from app.services.account.processes import alive_kinds, start_heartbeat
from app.services.people import people, two_step
from app.services.reports import activity_days
from app.supervisor import WORKER_STOP_SECONDS, Process, Supervisor
from app.transaction import transaction


def run(arguments: argparse.Namespace) -> int:
    """Runs one command; returns its exit code."""
    if arguments.command == "web":
        # gunicorn takes this process over; nothing of the application is loaded before gevent has patched.
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app.serve:app"])  # noqa: S606
    logs.configure(config.load(), logs.process_name())
    app = create_app()
    gc.freeze()
    gc.enable()
    try:
        return COMMANDS[arguments.command](app, arguments)
    except (DatabaseUnfit, backups.BackupError) as error:
        say(str(error))
        return 2
    except UserError as error:
        say(f"{error.field or error.code}: {error.message}")
        return 1


def worker(app: Flask, arguments: argparse.Namespace) -> int:
    from app.queue import run_worker

    start_heartbeat(app, f"worker:{arguments.queue}")
    with app.app_context():
        run_worker(arguments.queue)
    return 0


def beat(app: Flask, arguments: argparse.Namespace) -> int:
    from app.jobs.beat import run_beat

    start_heartbeat(app, "beat")
    with app.app_context():
        run_beat()
    return 0


def listen(app: Flask, arguments: argparse.Namespace) -> int:
    from app.integrations import listen as listening

    start_heartbeat(app, "listen")
    with app.app_context():
        listening.run()
    return 0


def jobs(app: Flask, arguments: argparse.Namespace) -> int:
    """All workers, the beat and who listens, each a fork of this process, kept up and stopped by it."""
    settings = app.config

    def part(name: str, run: Callable[[], int], stop_seconds: float) -> Process:
        def named() -> int:
            setproctitle(f"run.py {name}")
            logs.configure(settings, name)
            return run()

        return Process(name, [], {}, run=named, stop_seconds=stop_seconds)

    def work_on(queue: str) -> Callable[[], int]:
        return lambda: worker(app, argparse.Namespace(queue=queue))

    workers = [
        part(f"worker {queue}", work_on(queue), WORKER_STOP_SECONDS)
        for queue in config.QUEUES
        for _ in range(settings["WORKERS"])
    ]
    # A poll that Telegram holds open ends at its own time at the latest.
    listening = part("listen", lambda: listen(app, arguments), 25)
    parts = [*workers, part("beat", lambda: beat(app, arguments), 10), listening]
    supervisor = Supervisor()
    supervisor.stop_on_signals()
    supervisor.start(*parts)
    supervisor.watch()
    supervisor.stop()
    return 0


def prepare(app: Flask, arguments: argparse.Namespace) -> int:
    """What run.py does at every start; the last line of the output is read by it."""
    prepared = bootstrap.prepare(app, say)
    sys.stdout.write(json.dumps(asdict(prepared)) + "\n")
    return 0


def migrate(app: Flask, arguments: argparse.Namespace) -> int:
    app.config["FRONTDESK_DEMO"] = False
    prepared = bootstrap.prepare(app, say)
    if prepared.first_admin_link:
        say(f"Make the first admin (works once): {app.config['PUBLIC_URL']}{prepared.first_admin_link}")
    return 0


def demo(app: Flask, arguments: argparse.Namespace) -> int:
    app.config["FRONTDESK_DEMO"] = True
    prepared = bootstrap.prepare(app, say)
    say("The demo account is loaded" if prepared.demo else "There are people already: the demo needs an empty account")
    return 0 if prepared.demo else 1


def create_admin(app: Flask, arguments: argparse.Namespace) -> int:
    with app.app_context():
        changes = {
            name: getattr(arguments, name) or input(f"{name.replace('_', ' ').capitalize()}: ")
            for name in ("username", "email", "first_name", "last_name")
        }
        changes["password"] = _password(arguments)
        with transaction():
            actor = _any_admin()
            if actor is None:
                people.create_first_admin(changes)
                bootstrap.forget_first_admin_token()
            else:
                role = db.session.scalars(select(Role.id).where(Role.name == RoleName.ADMIN)).one()
                people.create_user(actor, {**changes, "role_ids": [role]})
    say(f"{changes['username']} is an admin now")
    return 0


def reset_password(app: Flask, arguments: argparse.Namespace) -> int:
    with app.app_context():
        password = _password(arguments)
        with transaction():
            user = db.session.scalars(select(User).where(User.username == arguments.username)).one_or_none()
            if user is None:
                raise UserError("unknown", f"There is nobody called {arguments.username!r}", "username")
            people.set_password(user, user, password)
            two_step.forget(user)
    say(f"{arguments.username} has a new password and needs no code; older sessions have ended")
    return 0


def first_admin_link(app: Flask, arguments: argparse.Namespace) -> int:
    with app.app_context():
        if _any_admin() is not None:
            raise UserError("already_set_up", "There is an admin already")
        sys.stdout.write(f"{app.config['PUBLIC_URL']}{bootstrap.first_admin_link()}\n")
    return 0


def count_anew(app: Flask, arguments: argparse.Namespace) -> int:
    """The job's work, here: a worker that is at it too takes other days."""
    with app.app_context():
        with transaction():
            activity_days.start_rebuild()
        while activity_days.rebuild_piece():
            pass
        state = activity_days.state()
    if state is None or state.rebuild_day is not None:
        say("A worker is counting the numbers anew; they are complete when it is through")
    else:
        say(f"All numbers are counted anew, from {state.first_day} on")
    return 0


def backup(app: Flask, arguments: argparse.Namespace) -> int:
    now = clock.now()
    target = Path(arguments.file or backups.default_name(now)).resolve()
    size = backups.write(app.config, target, now)
    say(f"{target}: {size / 1_000_000:.1f} MB. Keep ENCRYPTION_KEY apart from it: without it passwords stay sealed")
    return 0


def restore(app: Flask, arguments: argparse.Namespace) -> int:
    source = Path(arguments.file)
    backups.check(app.config, source, arguments.other_key)
    if backups.has_tables(app.config):
        with app.app_context():
            people_there, running = _any_admin() is not None, alive_kinds()
            db.session.remove()
            db.engine.dispose()
        if running:
            raise backups.BackupError(f"Frontdesk is running ({', '.join(sorted(running))}). Stop it first.")
        if people_there and not arguments.replace:
            raise backups.BackupError("This installation is in use: --replace puts the backup in its place.")
    backups.restore(app.config, source)
    app.config["FRONTDESK_DEMO"] = False
    bootstrap.prepare(app, say)
    say("Restored. Start Frontdesk again")
    return 0


def say(text: str) -> None:
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()


def _any_admin() -> User | None:
    by_role = User.roles.any(Role.name == RoleName.ADMIN)
    return db.session.scalars(select(User).where(User.active, by_role).order_by(User.id).limit(1)).one_or_none()


def _password(arguments: argparse.Namespace) -> str:
    """From standard input or asked twice, never from the command line: others could see it there."""
    if arguments.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("New password: ")
    if password != getpass.getpass("Once more: "):
        raise UserError("different", "The two passwords differ", "password")
    return password


COMMANDS = {
    "jobs": jobs,
    "worker": worker,
    "listen": listen,
    "beat": beat,
    "prepare": prepare,
    "migrate": migrate,
    "demo": demo,
    "create-admin": create_admin,
    "reset-password": reset_password,
    "first-admin-link": first_admin_link,
    "count-anew": count_anew,
    "backup": backup,
    "restore": restore,
}
