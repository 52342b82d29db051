"""The one statement that sends a message, as the bare yardsticks run it."""

SEND = """
WITH chat AS (
    UPDATE chats SET last_seq = last_seq + 1, last_message_at = now(), last_author_id = %(author)s,
                     changed_at = clock_timestamp() WHERE id = %(chat)s RETURNING id, last_seq
)
INSERT INTO messages (chat_id, seq, author_id, client_id, body, created_at)
SELECT id, last_seq, %(author)s, %(client_id)s, %(body)s, now() FROM chat RETURNING id, seq, created_at
"""
