"""The ways out of the house. Adding one: a file beside this, a line here, its settings, its tests."""

from __future__ import annotations

from app.channels.base import Channel
from app.channels.email import EmailChannel
from app.channels.http_post import PostChannel
from app.channels.mailbox import MailboxChannel
from app.channels.telegram import TelegramChannel
from app.channels.webpush import WebPushChannel

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        EmailChannel(),
        MailboxChannel(),
        WebPushChannel("browser"),
        WebPushChannel("mobile"),
        TelegramChannel(),
        PostChannel("messenger", "The messenger"),
        PostChannel("webhook", "The address"),
    )
}

__all__ = ["CHANNELS"]
