"""Records for tests, each with what the test does not care about filled in. All commit."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from itertools import count
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from app import clock
from app.extensions import db
from app.models.calls import Call, CallLine
from app.models.crm import Company, Contact, Lead, Pipeline, Stage, Task, TaskType
from app.models.forms import Form
from app.models.limits import LimitRule
from app.models.mailboxes import Mail, Mailbox, MailboxState
from app.models.people import Group, Role, User
from app.models.webhooks import Webhook
from app.services import sealed
from app.services.account import account
from app.services.calls import call_lines
from app.services.clients import forms
from app.services.tasks import task_types
from app.transaction import transaction

PASSWORD = "correct-horse-battery"
_numbers = count(1)


@lru_cache
def _hashed(password: str) -> str:
    # The cheapest hash: tests sign in hundreds of times.
    return generate_password_hash(password, method="pbkdf2:sha256:1")


def make_role(name: str) -> Role:
    """The role of this name, made where it is missing."""
    with transaction():
        role = db.session.scalars(select(Role).where(Role.name == name)).one_or_none()
        if role is None:
            role = Role(name=name)
            db.session.add(role)
            db.session.flush()
    return role


def make_user(role: str | None = "Staff", *, password: str = PASSWORD, **values: Any) -> User:
    """A person with one role, or with none."""
    number = next(_numbers)
    roles = [make_role(role)] if role else []
    groups = values.pop("groups", [])
    fields = {
        "username": f"person{number}",
        "first_name": "Pat",
        "last_name": f"Person{number}",
        "email": f"person{number}@example.com",
        "active": True,
        "zone": "UTC",
    } | values
    with transaction():
        user = User(**fields)
        user.password = _hashed(password)
        user.roles = roles
        user.groups = groups
        db.session.add(user)
    return user


def make_group(name: str | None = None, *, members: tuple[User, ...] | list[User] = (), **values: Any) -> Group:
    """A user group."""
    with transaction():
        group = Group(name=name or f"Group {next(_numbers)}", zone=values.pop("zone", "UTC"), **values)
        group.users = list(members)
        db.session.add(group)
    return group


def make_pipeline(name: str | None = None, *, group: Group | None = None) -> Pipeline:
    """A pipeline with an incoming, two open, a won and a lost stage."""
    with transaction():
        pipeline = Pipeline(name=name or f"Pipeline {next(_numbers)}", group_id=group.id if group else None)
        db.session.add(pipeline)
        db.session.flush()
        stages = (("Incoming", "incoming"), ("New", "open"), ("Talking", "open"), ("Won", "won"), ("Lost", "lost"))
        db.session.add_all(
            Stage(pipeline_id=pipeline.id, name=stage, kind=kind, position=position)
            for position, (stage, kind) in enumerate(stages)
        )
    return pipeline


def make_stage(kind: str = "open", *, pipeline: Pipeline | None = None) -> Stage:
    """The first stage of a kind, of this pipeline or of any."""
    statement = select(Stage).where(Stage.kind == kind).order_by(Stage.id).limit(1)
    if pipeline is not None:
        statement = statement.where(Stage.pipeline_id == pipeline.id)
    found = db.session.scalars(statement).first()
    return found if found is not None else make_stage(kind, pipeline=pipeline or make_pipeline())


def make_company(name: str | None = None, *, responsible: User | None = None, **values: Any) -> Company:
    """A company."""
    with transaction():
        company = Company(
            name=name or f"Company {next(_numbers)}", responsible_id=responsible.id if responsible else None, **values
        )
        db.session.add(company)
    return company


def make_contact(
    name: str | None = None, *, responsible: User | None = None, company: Company | None = None, **values: Any
) -> Contact:
    """A contact."""
    with transaction():
        contact = Contact(
            name=name or f"Contact {next(_numbers)}",
            responsible_id=responsible.id if responsible else None,
            company_id=company.id if company else None,
            **values,
        )
        db.session.add(contact)
    return contact


def make_lead(
    name: str | None = None, *, responsible: User | None = None, stage: Stage | None = None, **values: Any
) -> Lead:
    """A lead at the first open stage."""
    stage = stage or make_stage()
    with transaction():
        lead = Lead(
            name=name or f"Lead {next(_numbers)}",
            stage_id=stage.id,
            responsible_id=responsible.id if responsible else None,
            **values,
        )
        db.session.add(lead)
    return lead


def make_task(text: str | None = None, *, responsible: User, author: User | None = None, **values: Any) -> Task:
    """An open task, due in a day; it tells nobody: use the service for that."""
    with transaction():
        task = Task(
            text=text or f"Task {next(_numbers)}",
            responsible_id=responsible.id,
            author_id=(author or responsible).id,
            **{"due_at": clock.now() + dt.timedelta(days=1)} | values,
        )
        db.session.add(task)
    return task


def make_task_type(name: str = "Site visit", colour: str = "5") -> TaskType:
    """One more kind of task, after the usual ones."""
    with transaction():
        task_types.ensure_defaults()
        added = TaskType(key=name.lower().replace(" ", "_"), name=name, colour=colour, position=99)
        db.session.add(added)
    return added


def make_limit(kind: str = "cards", span: str = "hour", amount: int = 1000, **values: Any) -> LimitRule:
    """An activity limit for everyone, switched off."""
    with transaction():
        rule = LimitRule(
            **{"scope": "everyone", "kind": kind, "span": span, "amount": amount, "active": False} | values
        )
        db.session.add(rule)
    return rule


def csrf_token(client: FlaskClient) -> str:
    """The session's token, as a page of this client shows it."""
    page = client.get("/login/", follow_redirects=True).get_data(as_text=True)
    return page.split('name="csrf-token" content="', 1)[1].split('"', 1)[0]


def login(client: FlaskClient, user: User | str, password: str = PASSWORD) -> FlaskClient:
    """Sign in by the page, and send the token with every later request of the client."""
    username = user if isinstance(user, str) else user.username
    client.environ_base.pop("HTTP_X_CSRFTOKEN", None)
    form = {"username": username, "password": password, "csrf_token": csrf_token(client)}
    response = client.post("/login/", data=form)
    assert response.status_code == 302, response.get_data(as_text=True)
    client.environ_base["HTTP_X_CSRFTOKEN"] = csrf_token(client)
    return client


def bearer(client: FlaskClient, user: User | str, password: str = PASSWORD) -> dict[str, str]:
    """Sign in by the API; the headers that a program then sends."""
    username = user if isinstance(user, str) else user.username
    body = {"username": username, "password": password, "provider": "db", "refresh": True}
    response = client.post("/api/v1/security/login", json=body)
    assert response.status_code == 200, response.get_data(as_text=True)
    return {"Authorization": f"Bearer {response.get_json()['access_token']}"}


def set_visibility(value: str) -> None:
    """Whose records staff see: all, groups or own."""
    with transaction():
        account.set_setting("record_visibility", value)


def make_webhook(url: str = "http://127.0.0.1:9/hook", **values: Any) -> Webhook:
    """A webhook that hears of everything; its secret is 32 zero bytes."""
    with transaction():
        webhook = Webhook(name="Shop", url=url, secret=sealed.seal(f"whsec_{'A' * 43}="), **values)
        db.session.add(webhook)
    return webhook


def make_form(group: Group | None = None, **values: Any) -> Form:
    """A website's form that asks for all there is, and needs an email address."""
    fields = {"name": "Offer", "asked": list(forms.ASKED), "needed": ["email"], "token": f"token{next(_numbers)}"}
    with transaction():
        form = Form(**fields | values, group_id=group.id if group else None)
        db.session.add(form)
    return form


def make_line(group: Group | None = None, *, token: str = "", **values: Any) -> CallLine:
    """A telephone line; its token is *token* and a number, unless it is given."""
    number = next(_numbers)
    with transaction():
        line = CallLine(
            **{"name": "Sales line"} | call_lines.with_token(token or f"token{number}") | values,
            group_id=group.id if group else None,
        )
        db.session.add(line)
    return line


def make_call(*, responsible: User | None = None, **values: Any) -> Call:
    """An answered call of somebody unknown."""
    fields = {"direction": "incoming", "status": "ended", "phone": "+43 660 1234567", "started_at": clock.now()}
    with transaction():
        call = Call(external_id=f"c{next(_numbers)}", responsible_id=responsible.id if responsible else None)
        for name, value in (fields | values).items():
            setattr(call, name, value)
        db.session.add(call)
    return call


def make_answer(
    owner: User, name: str = "Opening hours", body: str = "We are open from 9 to 6.", *, shared: bool = True
):
    """A saved answer, shared with everybody."""
    from app.services.clients import saved_answers

    with transaction():
        return saved_answers.create(owner, {"name": name, "body": body, "shared": shared})


def make_mailbox(*, group: Group | None = None, owner: User | None = None, **values: Any) -> Mailbox:
    """A mailbox whose server is nowhere."""
    fields = {
        "name": "Shop",
        "address": "info@shop.example",
        "imap_host": "127.0.0.1",
        "imap_port": 9,
        "imap_security": "none",
        "username": "info",
        "trusted": True,
    }
    with transaction():
        mailbox = Mailbox(
            **fields | values,
            password=sealed.seal("imap-secret"),
            group_id=group.id if group else None,
            owner_id=owner.id if owner else None,
        )
        db.session.add(mailbox)
        db.session.flush()
        db.session.add(MailboxState(mailbox_id=mailbox.id))
        account.set_setting("mailboxes_connected", True)
    return mailbox


def make_mail(mailbox: Mailbox, **values: Any) -> Mail:
    """A mail of somebody unknown."""
    number = next(_numbers)
    fields = {
        "folder": "INBOX",
        "uidvalidity": 1,
        "uid": number,
        "fingerprint": f"f{number}",
        "message_id": f"<m{number}@example.org>",
        "direction": "incoming",
        "from_name": "Basil Hedge",
        "from_address": "basil@example.org",
        "to_line": mailbox.address,
        "subject": "A question",
        "body": "Do you repair old bicycles?",
        "received_at": clock.now(),
    }
    with transaction():
        made = Mail(mailbox_id=mailbox.id, **fields | values)
        db.session.add(made)
        db.session.flush()
        made.thread_id = made.thread_id or made.id
    return made
