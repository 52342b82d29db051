"""The bare loop: renders and sends a report's mails over one SMTP connection; no claim, no second decision, no mark.

Reads the ids of deliveries as JSON, says ``ready``, waits for a line, and says how long it took.
"""

from __future__ import annotations

import json
import smtplib
import sys
import time

from sqlalchemy import text

from app import create_app
from app.channels.base import Message
from app.channels.email import compose
from app.extensions import db
from app.models.reports import ReportRun
from app.services.claimed import ReportReader
from app.services.render import unsubscribe_headers
from app.services.reports import report_mail, report_recipients

_ROWS = text("""
SELECT d.id, d.address, d.data, c.created_at, trim(concat(a.first_name, ' ', a.last_name)) AS added_by
FROM deliveries d JOIN report_recipients c ON c.id = CAST(d.data ->> 'recipient' AS int)
JOIN ab_user a ON a.id = c.added_by_id WHERE d.id = ANY(:ids) ORDER BY d.id
""")


def main() -> None:
    """Send once."""
    app = create_app()
    with app.app_context():
        rows = db.session.execute(_ROWS, {"ids": json.loads(sys.stdin.readline())}).all()
        run = db.session.get_one(ReportRun, int(rows[0].data["run"]))
        run_id = run.id
        print("ready", flush=True)
        sys.stdin.readline()
        started = time.perf_counter()
        server = smtplib.SMTP(app.config["MAIL_SERVER"], app.config["MAIL_PORT"], local_hostname="bench")
        letter = report_mail.letter_of(run)
        db.session.rollback()  # a transaction may not last that long
        for row in rows:
            reader = ReportReader(int(row.data["recipient"]), False, False, row.added_by, row.created_at)
            stop = report_recipients.stop_url(reader.recipient_id)
            text_part, html_part, link = report_mail.filled(letter, reader, run_id, stop)
            message = Message(
                delivery_id=row.id,
                subject=letter.subject,
                title=letter.title,
                text=text_part,
                html=html_part,
                url=link,
                tag="report:ready",
                thread=f"report:{letter.report_id}",
                headers=unsubscribe_headers(stop) | {"Reply-To": letter.reply_to},
                images=letter.images,
                attachments=letter.attachments,
            )
            mail = compose(row.address, message)[1]
            server.send_message(mail, app.config["MAIL_DEFAULT_SENDER"], [row.address])
        server.quit()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
