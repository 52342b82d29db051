"""Decide who is told about new messages of chats."""

from __future__ import annotations

from app.services.chats import chat_news


def notice_chats(chat_ids: list[int]) -> None:
    """Decide for each chat until nothing new is left; one that another worker is at is left to it."""
    for chat_id in chat_ids:
        while chat_news.decide(chat_id) >= chat_news.MAX_MESSAGES:
            pass
