"""Make previews of pictures, away from the web processes."""

from __future__ import annotations

from app.services.chats import chat_files, chat_pictures
from app.services.people import people_pictures
from app.transaction import transaction


def make_thumbnail(file_id: int) -> None:
    """Make the preview of a picture that was sent to a chat, and show it in open tabs."""
    with transaction():
        file = chat_files.make_thumbnail(file_id)
        if file is not None and file.message_id is not None:
            chat_pictures.show_preview(file.message_id)


def make_chat_picture(chat_id: int, user_id: int, stored_as: str) -> None:
    """Cut an uploaded picture to a chat's picture."""
    with transaction(user_id):
        chat_pictures.make_picture(chat_id, user_id, stored_as)


def make_person_picture(user_id: int, token: str) -> None:
    """Cut an uploaded picture to a person's picture."""
    with transaction(user_id):
        people_pictures.make(user_id, token)
