"""Load the demo once. It sends nothing, and nothing it holds fires by itself: what is past is told already."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

from flask import current_app
from sqlalchemy import select, text

from app import clock
from app.catalogue import Channel
from app.demo import activity, chats, clients, faces, history, mails, reports, sources, story, usual
from app.extensions import db
from app.models.crm import Company, Contact, Lead, Stage, Task
from app.models.people import Group, Role, User
from app.services.notify import record_event
from app.services.people import passwords
from app.services.records import pipelines
from app.services.settings import matrix
from app.services.tasks.task_news import person, snapshot, subject_of
from app.transaction import transaction

PHONE = "+1 555 01{:02d}"


def load() -> bool:
    """Load the demo account; return False when the account has people already."""
    with transaction():
        if db.session.scalar(select(User.id).limit(1)):
            return False
        # One transaction, however slow the machine is: half a demo would be none.
        db.session.execute(text("SET LOCAL transaction_timeout = 0"))
        people = _people(current_app.config["DEMO_PASSWORD"])
        faces.load(people)
        _choices(people)
        _groups(people)
        contacts = _contacts(people)
        _leads(people, contacts)
        tasks = _tasks(people, contacts)
        history.load(people)
        sources.load(people)
        _news(people, tasks)
        chats.load(people)
        clients.load(people)
        reports.load(people)
        activity.load(people)
        usual.load(people, mails.load(people))
        _nothing_fires()
        clients.settle()
        history.settle()
    return True


def _people(password: str) -> dict[str, User]:
    roles = {role.name: role for role in db.session.scalars(select(Role))}
    hashed = passwords.hashed(password)
    people = {}
    for username, first, last, role in story.PEOPLE:
        user = User(username=username, first_name=first, last_name=last, email=f"{username}@example.com", active=True)
        user.password, user.roles = hashed, [roles[role]]
        db.session.add(user)
        people[username] = user
    db.session.flush()
    return people


def _choices(people: dict[str, User]) -> None:
    """The manager reads of new tasks in the digest."""
    matrix.set_cell(people["manager"], "task_assigned", Channel.EMAIL, "digest")


def _groups(people: dict[str, User]) -> None:
    for name, description, manager, members in story.GROUPS:
        group = Group(name=name, label=name, description=description, manager_id=people[manager].id)
        group.users = [people[member] for member in members]
        db.session.add(group)
    db.session.flush()


def _contacts(people: dict[str, User]) -> list[Contact]:
    sellers = [people["staff"], people["staff2"], people["manager"]]
    companies = {name: Company(name=name, responsible_id=people["manager"].id) for name in story.COMPANIES}
    db.session.add_all(companies.values())
    db.session.flush()
    contacts = []
    for number, (name, company) in enumerate(story.CONTACTS):
        address = name.lower().replace(" ", ".")
        contacts.append(
            Contact(
                name=name,
                email=f"{address}@example.org",
                phone=PHONE.format(42 + number),
                company_id=companies[company].id if company else None,
                responsible_id=sellers[number % 3].id,
            )
        )
    db.session.add_all(contacts)
    db.session.flush()
    return contacts


def _leads(people: dict[str, User], contacts: list[Contact]) -> None:
    chance = random.Random(7)
    pipeline = pipelines.ensure_default()
    # What comes in and is nobody's yet is told to them.
    pipeline.group_id = db.session.scalars(select(Group.id).filter_by(name="Sales Office")).one()
    stages = {stage.name: stage for stage in db.session.scalars(select(Stage).filter_by(pipeline_id=pipeline.id))}
    sellers = [people["staff"], people["staff2"], people["manager"]]
    now = clock.now()
    rounds = len(story.STAGE_ORDER)
    # The oldest first: lists show the newest id at the top.
    for number in reversed(range(story.LEADS)):
        wish, price = story.WISHES[number % len(story.WISHES)]
        contact = contacts[number % len(contacts)]
        stage = stages[story.STAGE_ORDER[number % len(story.STAGE_ORDER)]]
        # Two of today, which nobody has done anything about; the others over the last weeks, the newer the closer.
        hours = 11 * number + 16 * max(0, number - 30) + (40 if number > 1 else 0)
        made = now - dt.timedelta(hours=hours + chance.randint(1, 9))
        db.session.add(
            Lead(
                name=wish if number < len(story.WISHES) else f"{wish} · {contact.name.split()[-1]}",
                budget=Decimal(round(price * chance.uniform(0.8, 1.3), -1)),
                stage_id=stage.id,
                contact_id=contact.id,
                company_id=contact.company_id,
                responsible_id=None if number in (1, 6) else sellers[(number + number // rounds) % 3].id,
                source=("chat", "form", "call", "manual")[number % 4],
                created_at=made,
                closed_at=made + dt.timedelta(days=2) if stage.kind in ("won", "lost") else None,
            )
        )
    db.session.flush()


def _tasks(people: dict[str, User], contacts: list[Contact]) -> list[Task]:
    now = clock.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    tasks = []
    by_name = {contact.name: contact.id for contact in contacts}
    for words, kind, responsible, author, days, hour, result, about in story.TASKS:
        due = midnight + dt.timedelta(days=days, hours=hour)
        tasks.append(
            Task(
                text=words,
                type=kind,
                due_at=due,
                responsible_id=people[responsible].id,
                author_id=people[author].id,
                contact_id=by_name[about],
                created_at=min(due - dt.timedelta(days=3), now - dt.timedelta(hours=30)),
                result=result,
                completed_at=due - dt.timedelta(hours=2) if result else None,
                completed_by_id=people[responsible].id if result else None,
            )
        )
    db.session.add_all(tasks)
    db.session.flush()
    return tasks


def _news(people: dict[str, User], tasks: list[Task]) -> None:
    now = clock.now()
    for task in tasks:
        if task.author_id != task.responsible_id and task.completed_at is None:
            data = snapshot(task) | {"by": person(task.author)}
            record_event("task:assigned", task.author_id, subject_of(task), data)
    for task in tasks:
        if task.completed_at is not None:
            by = {"completed_by": person(task.responsible)}
            record_event("task:completed", task.responsible_id, subject_of(task), snapshot(task) | by)
        elif task.due_at <= now:
            record_event("task:expired", None, subject_of(task), snapshot(task))


def _nothing_fires() -> None:
    """Spread the news over the last days, settle every delivery (one failed, to be looked at), claim every reminder."""
    now = clock.now()
    statements = (
        "UPDATE feed_items SET at = :now - make_interval(mins => CAST(7 + 53 * (id % 40) AS int))",
        "UPDATE events e SET created_at = i.at FROM feed_items i WHERE i.event_id = e.id",
        # What happened to tasks stands on the cards in the order in which it happened.
        "UPDATE events e SET created_at = CAST(:now AS timestamptz) - interval '35 hours' FROM tasks t"
        " WHERE e.subject_type = 'task' AND e.subject_id = t.id AND e.tag = 'task:assigned'"
        " AND (t.completed_at IS NOT NULL OR t.due_at <= :now)",
        "UPDATE events e SET created_at = greatest(t.due_at, CAST(:now AS timestamptz) - interval '34 hours')"
        " FROM tasks t WHERE e.subject_type = 'task' AND e.subject_id = t.id AND e.tag = 'task:expired'",
        "UPDATE notifications n SET created_at = i.at FROM feed_items i WHERE i.id = n.feed_item_id",
        "UPDATE deliveries d SET state = 'sent', attempts = 1, not_before = n.created_at, created_at = n.created_at,"
        " finished_at = n.created_at FROM notifications n WHERE n.id = d.notification_id",
        "UPDATE deliveries SET state = 'failed', attempts = 6, error = 'The mailbox is full (452)'"
        " WHERE id = (SELECT d.id FROM deliveries d JOIN ab_user u ON u.id = d.user_id"
        " WHERE u.username = 'staff2' ORDER BY d.id LIMIT 1)",
        # A third of the news was read already.
        "UPDATE feed_items SET unread = false, read_at = :now WHERE id % 3 = 0 OR event_tag = 'chat:added'",
        "UPDATE notifications SET for_digest = false",
        "UPDATE tasks SET expired_at = due_at WHERE completed_at IS NULL",
        "INSERT INTO reminders (task_id, user_id, due_at, lead_minutes)"
        " SELECT t.id, t.responsible_id, t.due_at, m FROM tasks t, unnest(ARRAY[0, 5, 15, 30, 60]) m",
    )
    for statement in statements:
        db.session.execute(text(statement), {"now": now})
