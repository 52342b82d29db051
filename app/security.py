"""FAB's security manager, hardened: roles as data, one permission set per request, sessions that end when they must."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, cast

from flask import Flask, current_app, g, jsonify, request, session
from flask_appbuilder.security.manager import BaseSecurityManager
from flask_appbuilder.security.sqla.manager import SecurityManager
from flask_appbuilder.security.sqla.models import Permission, PermissionView, ViewMenu
from flask_jwt_extended import JWTManager
from flask_login import AnonymousUserMixin, login_user
from sqlalchemy import select
from sqlalchemy.orm import configure_mappers, joinedload
from werkzeug.middleware.proxy_fix import ProxyFix

from app.errors import Forbidden, UserError
from app.extensions import db
from app.models.people import Group, Role, User
from app.roles import ROLES
from app.services.people import api_keys, rights, signin, two_step
from app.transaction import transaction

EPOCH = "epoch"
_PERMISSIONS = "frontdesk_permissions"
_MENUS = "frontdesk_menus"


def init_app(app: Flask) -> None:
    """Make FAB use this security manager and these roles; views.init_app builds it."""
    configure_mappers()  # User.roles and User.groups are back references
    app.config["FAB_SECURITY_MANAGER_CLASS"] = "app.security.FrontdeskSecurityManager"
    app.config["FAB_ROLES"] = ROLES
    # Limits per address ask RATE_LIMITS at each request (views/login.py); the limiter itself is always there.
    app.config["RATELIMIT_ENABLED"] = True
    if proxies := app.config["TRUSTED_PROXIES"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]


def acting_user() -> User:
    """Return who makes this request, by session, token or API key: the record itself, never a proxy.

    Only behind FAB's decorators, which let nobody else through. Raises UserError otherwise.
    """
    user = g.get("user")
    user = user._get_current_object() if hasattr(user, "_get_current_object") else user
    if not isinstance(user, User):
        raise UserError("unauthorized", "Sign in first", status=401)
    return user


def start_session(user: User, stay: bool = False) -> None:
    """Sign a person in on this browser, for 31 days or until it closes; what the session held before is gone."""
    session.clear()
    session.permanent = stay
    login_user(user)
    session[EPOCH] = user.session_epoch


def keep_session(user: User) -> None:
    """Let this browser's session live on after its own person changed the password in it."""
    session[EPOCH] = user.session_epoch


class PermissionSet:
    """What one person may do, found out once per request."""

    def __init__(self, built_in: frozenset[str], granted: frozenset[tuple[str, str]]) -> None:
        self._built_in = built_in
        self._granted = granted
        self._rights = frozenset(name for name, menu in granted if menu == rights.MENU)

    def allows(self, permission: str, view: str) -> bool:
        """Whether the person may use the permission on the view or menu of that name."""
        if (permission, view) in self._granted:
            return True
        if self._rights and rights.allow(self._rights, permission, view):
            return True
        return any(_role_allows(role, permission, view) for role in self._built_in)


@lru_cache(maxsize=4096)
def _role_allows(role: str, permission: str, view: str) -> bool:
    return any(re.fullmatch(views, view) and re.fullmatch(names, permission) for views, names in ROLES[role])


class FrontdeskSecurityManager(SecurityManager):  # type: ignore[misc]
    """Sessions and tokens carry the person's epoch: deactivation, reactivation and a new password end them all."""

    # -- who it is

    def load_user(self, pk: str | int) -> User | None:
        """Return the session's person while the session is still good."""
        user = _user_with_roles(pk)
        return user if user is not None and user.active and session.get(EPOCH) == user.session_epoch else None

    def load_user_jwt(self, _jwt_header: dict[str, Any], jwt_data: dict[str, Any]) -> User | None:
        """Return the token's person while the token is still good."""
        user = _user_with_roles(jwt_data["sub"])
        if user is None or not user.active or jwt_data.get(EPOCH) != user.session_epoch:
            return None
        g.user = user
        return user

    def create_jwt_manager(self, app: Flask) -> JWTManager:
        """Put the epoch into tokens, and answer 401 to every kind of bad one."""
        manager = super().create_jwt_manager(app)
        manager.additional_claims_loader(
            lambda identity: {EPOCH: db.session.get_one(User, int(identity)).session_epoch}
        )
        manager.unauthorized_loader(_unauthorized)
        manager.invalid_token_loader(_unauthorized)
        manager.expired_token_loader(lambda _header, _data: _unauthorized("The token has expired"))
        manager.user_lookup_error_loader(lambda _header, _data: _unauthorized("The token is no longer valid"))
        return manager

    @staticmethod
    def before_request() -> None:
        """Name the session's person, unless a token was checked earlier in this request (idempotent requests)."""
        if not isinstance(g.get("user"), User) or "_jwt_extended_jwt_user" not in g:
            BaseSecurityManager.before_request()

    def auth_user_db(self, username: str, password: str) -> User | None:
        """Return the person, or None: for callers of FAB, which know of no second step. Ours are in views/login.py."""
        try:
            with transaction():
                user = signin.authenticate(username or "", password or "")
                return None if two_step.is_on(user) else user
        except UserError:
            return None

    def validate_api_key(self, api_key_string: str) -> User | None:
        """Return the person of a good API key. Raises Forbidden for a request that the key was not made for."""
        key = api_keys.find(api_key_string)
        if key is None:
            return None
        if not api_keys.allows(key, request.method, request.path):
            raise Forbidden("This API key was not made for that")
        user: User = key.user
        if api_keys.note_use(key):
            with transaction():
                db.session.flush()
        g.user, g._api_key_user = user, True
        return user

    # -- what they may do

    def get_user_roles(self, user: User | AnonymousUserMixin) -> list[Role]:
        """Return own roles and those of the groups; strangers have none."""
        if not user.is_authenticated:
            return []
        return [*user.roles, *(role for group in user.groups for role in group.roles)]

    def is_item_public(self, permission_name: str, view_name: str) -> bool:
        """Nothing is public by role; saves two statements per API call."""
        return False

    def _has_view_access(self, user: User, permission_name: str, view_name: str) -> bool:
        return self.permissions_of(user).allows(permission_name, view_name)

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """Return which of the menus the person sees.

        FAB asks at every level of the menu for all of its names, doubled with every section: each is looked at once.
        """
        known: dict[str, bool] = g.setdefault(_MENUS, {}).setdefault(getattr(g.get("user"), "id", None), {})
        wanted = set(menu_names or ())
        known.update({name: self.has_access("menu_access", name) for name in wanted - known.keys()})
        return {name for name in wanted if known[name]}

    def permissions_of(self, user: User) -> PermissionSet:
        """Return the person's permission set, remembered for this request."""
        known: dict[int, PermissionSet] = g.setdefault(_PERMISSIONS, {})
        if user.id not in known:
            roles = self.get_user_roles(user)
            made = [role.id for role in roles if role.name not in ROLES]
            known[user.id] = PermissionSet(frozenset(role.name for role in roles if role.name in ROLES), _granted(made))
        return known[user.id]

    # -- FAB's set-up

    def register_views(self) -> None:
        """Register none of FAB's own screens; app.views lists all there are."""


def _user_with_roles(pk: str | int) -> User | None:
    """Load a person with all roles in one statement."""
    try:
        user_id = int(pk)
    except (TypeError, ValueError):
        return None
    options = (joinedload(User.roles), joinedload(User.groups).joinedload(Group.roles))
    return db.session.get(User, user_id, options=options)


def _granted(role_ids: list[int]) -> frozenset[tuple[str, str]]:
    if not role_ids:
        return frozenset()
    statement = (
        select(Permission.name, ViewMenu.name)
        .select_from(PermissionView)
        .join(Permission, PermissionView.permission_id == Permission.id)
        .join(ViewMenu, PermissionView.view_menu_id == ViewMenu.id)
        .join(PermissionView.role)
        .where(Role.id.in_(role_ids))
    )
    return frozenset((row[0], row[1]) for row in db.session.execute(statement))


def _unauthorized(reason: str) -> Any:
    response = jsonify(UserError("unauthorized", str(reason)).as_json())
    response.status_code = 401
    return response


def security_manager() -> FrontdeskSecurityManager:
    """Return this app's security manager."""
    return cast(FrontdeskSecurityManager, current_app.extensions["appbuilder"].sm)
