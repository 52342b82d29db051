"""What the built-in roles may do, as data: (class of the view or menu name, permission), both anchored patterns.

Anchored, because FAB matches prefixes: "Lead" would also allow a LeadSecretView.
"""

from __future__ import annotations

from app.models.people import RoleName

Rule = list[str]

_FREE: list[Rule] = [
    [r"^(Profile|Picture)View$", r"^can_.*$"],
    [r"^MeApi$", r"^can_.*$"],
    [r"^(Center|CenterView|MailLinkView)$", r"^can_.*$"],
    [r"^Center$", r"^menu_access$"],
    # Cards that somebody shared with them: access.py finds no others.
    [r"^(Lead|Contact|Company)View$", r"^can_show$"],
]

_STAFF: list[Rule] = [
    *_FREE,
    [r"^(Lead|Contact|Company|Task)View$", r"^can_(list|show|add|edit|delete)$"],
    [r"^TaskView$", r"^(complete|assign|remove|export)$"],
    [r"^(Lead|Contact|Company)View$", r"^(assign|tag|remove|export)$"],
    [r"^LeadView$", r"^(stage|pipeline|task)$"],
    [r"^CallView$", r"^can_(list|show)$"],
    [r"^CallApi$", r"^can_(get|post|put|delete)$"],
    [r"^MailView$", r"^can_(list|show|answer)$"],
    [r"^MailApi$", r"^can_get$"],
    [r"^MailboxView$", r"^can_(list|show|add|edit|delete)$"],
    [r"^ExportView$", r"^can_exports$"],
    [r"^ImportView$", r"^can_imports$"],
    [r"^(Lead|Contact|Company|Task)Api$", r"^can_(get|post|put|delete)$"],
    [r"^(User|Group)Api$", r"^can_get$"],
    [r"^ScoreView$", r"^can_list$"],
    [r"^SavedAnswerView$", r"^can_(list|show|add|edit|delete)$"],
    [r"^SavedAnswerApi$", r"^can_(get|post|put|delete)$"],
    [r"^ReportView$", r"^can_own$"],
    [r"^DashboardView$", r"^can_list$"],
    [r"^(Reports|Dashboard|Client scores)$", r"^menu_access$"],
    [r"^ApiKeyView$", r"^can_(list|show|add|delete)$"],
    [r"^LookupView$", r"^can_lookup$"],
    [r"^OpenApi$", r"^can_get$"],
    [r"^(CRM|Leads|Contacts|Companies|Tasks|Calls|Mails|Saved answers)$", r"^menu_access$"],
]

# What managers may see beyond staff are the numbers of their groups; records follow the same setting (see access.py).
_MANAGER: list[Rule] = [
    *_STAFF,
    [r"^ReportView$", r"^can_list$"],
    [r"^Scheduled reports$", r"^menu_access$"],
]

ROLES: dict[str, list[Rule]] = {
    RoleName.ADMIN: [[r"^.*$", r"^.*$"]],
    RoleName.MANAGER: _MANAGER,
    RoleName.STAFF: _STAFF,
    RoleName.FREE: _FREE,
}
