"""/api/v1/me, the settings' part: devices, Telegram, test notification, and what would happen."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import jsonify, request
from flask.typing import ResponseReturnValue
from flask_appbuilder.api import expose, protect
from flask_appbuilder.security.decorators import permission_name

from app.errors import UserError
from app.security import acting_user
from app.services import delivery, feed, fields, missed, shown
from app.services.account import lost_addresses
from app.services.settings import devices, settings_page, simulation, telegram_links, trials
from app.views.api.own import OwnApi
from app.views.api.problem import json_object, problems
from app.views.generated.writing import write


class SettingsApi(OwnApi):
    """Everybody's own, free users' too; the same rights as MeApi's."""

    resource_name = "me"
    class_permission_name = "MeApi"
    openapi_spec_tag = "Me"

    @expose("/notification-settings", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def settings(self) -> ResponseReturnValue:
        """My notification settings with all that surrounds them
        ---
        get:
          responses:
            200:
              description: "`preferences`, `rows` (names, defaults, locks), `devices`, `telegram`, `email`, `push`"
        """
        return self.response(200, **settings_page.of_user(acting_user()))

    @expose("/simulation", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def simulate(self) -> ResponseReturnValue:
        """What would happen with a kind of news at a moment
        ---
        get:
          parameters:
          - {in: query, name: event, required: true, schema: {type: string}, description: "an event's tag"}
          - {in: query, name: at, schema: {type: string, format: date-time}, description: "none: now"}
          responses:
            200:
              description: "`channels`: what each of them would do, in words"
        """
        at = _moment("at")
        return self.response(200, channels=simulation.answer(acting_user(), request.args.get("event", ""), at))

    @expose("/missed", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def why_not(self) -> ResponseReturnValue:
        """Why did I not get something: what happened in a time of the last 30 days, and what each channel did
        ---
        get:
          parameters:
          - {in: query, name: row, required: true, schema: {type: string}, description: "a row of the matrix"}
          - {in: query, name: channel, schema: {type: string}, description: "none: all of them"}
          - {in: query, name: since, schema: {type: string, format: date-time}, description: "none: a day ago"}
          - {in: query, name: until, schema: {type: string, format: date-time}, description: "none: now"}
          responses:
            200:
              description: "`found`: `at`, `event`, `title`, `item`, `why`, `channels`; `more` when there was more"
        """
        asked = request.args
        since, until = _moment("since"), _moment("until")
        found = missed.of_person(acting_user(), asked.get("row", ""), asked.get("channel"), since, until)
        return self.response(200, **found)

    @expose("/test-notification", methods=["POST"])
    @protect()
    @problems
    @permission_name("post")
    def test_notification(self) -> ResponseReturnValue:
        """Send me a test through every channel
        ---
        post:
          responses:
            200:
              description: "`result`: per channel its `state` (sent, pending, failed, skipped) and `text`"
            429: {$ref: '#/components/responses/429'}
        """
        user = acting_user()
        ids = write(user, lambda: trials.write(user))
        trials.popup(user)
        # In this very request, so that the person sees what each provider answers; the same way out as all news.
        for channel, of_channel in ids.items():
            delivery.deliver(channel, of_channel)
        return self.response(200, result=trials.results(acting_user(), ids))

    @expose("/shown", methods=["POST"])
    @protect()
    @problems
    @permission_name("post")
    def note_shown(self) -> ResponseReturnValue:
        """Popups that were shown in a visible tab: their push to browsers is not needed
        ---
        post:
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {items: {type: array, items: {type: string}}}}
          responses:
            200:
              description: "`skipped`: how many pushes stay in"
        """
        items = json_object().get("items")
        if not isinstance(items, list) or len(items) > 100:
            raise UserError("invalid", "A list of items is needed", "items", 400)
        user, ids = acting_user(), feed.item_ids(items).notices
        return self.response(200, skipped=write(user, lambda: shown.seen_live(user.id, ids)))

    # -- devices

    @expose("/devices", methods=["GET"])
    @protect()
    @problems
    @permission_name("get")
    def list_devices(self) -> ResponseReturnValue:
        """My devices with Web Push
        ---
        get:
          responses:
            200:
              description: "`result`: `id`, `name`, `kind` (browser or mobile), `last_used_at`"
        """
        return self.response(200, result=devices.of_user(acting_user().id))

    @expose("/devices", methods=["POST"])
    @protect()
    @problems
    @permission_name("post")
    def add_device(self) -> ResponseReturnValue:
        """Receive Web Push on this device
        ---
        post:
          requestBody:
            content:
              application/json:
                schema:
                  type: object
                  properties:
                    endpoint: {type: string}
                    keys: {type: object, properties: {p256dh: {type: string}, auth: {type: string}}}
                    installed: {type: boolean, description: "opened from the home screen"}
          responses:
            201:
              description: "`id` and `result`"
            422: {$ref: '#/components/responses/422'}
        """
        user, body = acting_user(), json_object()
        agent, installed = request.headers.get("User-Agent", "")[:400], body.get("installed") is True

        def add() -> dict[str, Any]:
            return devices.as_json(devices.subscribe(user, body, user_agent=agent, installed=installed))

        device = write(user, add)
        return self.response(201, id=device["id"], result=device)

    @expose("/devices/seen", methods=["POST"])
    @protect()
    @problems
    @permission_name("post")
    def touch_device(self) -> ResponseReturnValue:
        """Which of my devices this is, by its push endpoint
        ---
        post:
          responses:
            200:
              description: "`result`: the device, or null"
        """
        user, endpoint = acting_user(), json_object().get("endpoint")
        return self.response(200, result=write(user, lambda: devices.touch(user.id, endpoint)))

    @expose("/devices/<int:device_id>", methods=["DELETE"])
    @protect()
    @problems
    @permission_name("delete")
    def remove_device(self, device_id: int) -> ResponseReturnValue:
        """Send nothing to a device any more
        ---
        delete:
          parameters:
          - {in: path, name: device_id, required: true, schema: {type: integer}}
          responses:
            200:
              description: Removed
            404: {$ref: '#/components/responses/404'}
        """
        user = acting_user()
        write(user, lambda: devices.remove(user.id, device_id))
        return self.response(200, message="OK")

    # -- Telegram and mail

    @expose("/telegram", methods=["POST"])
    @protect()
    @problems
    @permission_name("post")
    def link_telegram(self) -> ResponseReturnValue:
        """A link that connects my Telegram, once, within ten minutes
        ---
        post:
          responses:
            200:
              description: "`url`, `code`, `bot`, `expires_at`"
            409: {$ref: '#/components/responses/409'}
        """
        user = acting_user()
        # Not by response(): what it calls its status is what the link's one-time code is called.
        bot = telegram_links.bot()
        return jsonify(write(user, lambda: telegram_links.new_code(user, bot)))

    @expose("/telegram", methods=["DELETE"])
    @protect()
    @problems
    @permission_name("delete")
    def unlink_telegram(self) -> ResponseReturnValue:
        """Unlink my Telegram
        ---
        delete:
          responses:
            200:
              description: "`unlinked`: whether there was a link"
        """
        user = acting_user()
        return self.response(200, unlinked=write(user, lambda: telegram_links.unlink(user.id)))

    @expose("/email/confirm", methods=["POST"])
    @protect()
    @problems
    @permission_name("post")
    def confirm_email(self) -> ResponseReturnValue:
        """Send to my address again after it was paused
        ---
        post:
          responses:
            200:
              description: "`resumed`: whether it was paused"
        """
        user = acting_user()
        return self.response(200, resumed=write(user, lambda: lost_addresses.resume_mail(user)))


def _moment(name: str) -> dt.datetime | None:
    value = request.args.get(name)
    return fields.moment(value.replace(" ", "+"), name, 400) if value else None  # a plus is a blank in an address
