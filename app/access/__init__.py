"""Who may see which record: the guarded loaders ``access_*``, and the same rules as conditions ``visible_*``.

Missing and forbidden look the same from outside. The account setting ``record_visibility`` (all, groups, own) decides
what staff and managers see; admins see everything, free users only what was shared with them. All of it is used as
``access.access_lead(user, lead_id)``.
"""

from app.access.calls import access_call, visible_calls
from app.access.chats import access_chat, access_file, access_message
from app.access.mails import (
    access_mail,
    access_mail_file,
    access_mailbox,
    visible_deliveries,
    visible_mailboxes,
    visible_mails,
)
from app.access.people import (
    access_group,
    access_user,
    visible_answers,
    visible_doings,
    visible_groups,
    visible_users,
)
from app.access.records import (
    access_card,
    access_company,
    access_contact,
    access_lead,
    access_stage,
    access_task,
    visible_companies,
    visible_contacts,
    visible_leads,
    visible_tasks,
)
from app.access.reports import access_report, access_report_run
from app.access.sight import LARGEST_ID
from app.access.talks import access_talk, visible_talks
from app.access.who import groups_of, is_admin, is_free, is_manager_or_admin, role_names

__all__ = [
    "LARGEST_ID",
    "access_call",
    "access_card",
    "access_chat",
    "access_company",
    "access_contact",
    "access_file",
    "access_group",
    "access_lead",
    "access_mail",
    "access_mail_file",
    "access_mailbox",
    "access_message",
    "access_report",
    "access_report_run",
    "access_stage",
    "access_talk",
    "access_task",
    "access_user",
    "groups_of",
    "is_admin",
    "is_free",
    "is_manager_or_admin",
    "role_names",
    "visible_answers",
    "visible_calls",
    "visible_companies",
    "visible_contacts",
    "visible_deliveries",
    "visible_doings",
    "visible_groups",
    "visible_leads",
    "visible_mailboxes",
    "visible_mails",
    "visible_talks",
    "visible_tasks",
    "visible_users",
]
