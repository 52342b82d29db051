"""The bare loop: renders and sends mails over one SMTP connection; no claim, no second decision, no mark.

Reads the ids of deliveries as JSON, says ``ready``, waits for a line, and says how long it took.
"""

from __future__ import annotations

import json
import smtplib
import sys
import time

from sqlalchemy import text

from app import create_app
from app.channels.email import compose
from app.extensions import db
from app.services.mailing import link_token
from app.services.outgoing import Reader
from app.services.render import email_message
from app.services.settings import unsubscribe

_ROWS = text("""
SELECT d.id, d.address, d.user_id, d.notification_id, u.zone, e.tag, e.data, n.rule FROM deliveries d
JOIN notifications n ON n.id = d.notification_id JOIN events e ON e.id = n.event_id JOIN ab_user u ON u.id = d.user_id
WHERE d.id = ANY(:ids) ORDER BY d.id
""")


def main() -> None:
    """Send once."""
    app = create_app()
    with app.app_context():
        rows = db.session.execute(_ROWS, {"ids": json.loads(sys.stdin.readline())}).all()
        db.session.rollback()
        print("ready", flush=True)
        sys.stdin.readline()
        started = time.perf_counter()
        server = smtplib.SMTP(app.config["MAIL_SERVER"], app.config["MAIL_PORT"], local_hostname="bench")
        for row in rows:
            link = f"/go/{link_token(row.notification_id)}"
            message = email_message(
                row.tag,
                row.rule,
                {**row.data, "link": link},
                Reader(row.zone),
                row,
                unsubscribe_url=unsubscribe.url_for_row(row.user_id, "task_assigned"),
            )
            mail = compose(row.address, message)[1]
            server.send_message(mail, app.config["MAIL_DEFAULT_SENDER"], [row.address])
        server.quit()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
