"""Chats of colleagues: their members, messages and files, what tabs hear of them, and how they are told elsewhere."""
