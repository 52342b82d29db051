"""The parts of a mail, as far as they can be trusted: text, HTML, files, and a mail server's report.

Everything in a mail may be hostile. The parser of the standard library is kept away from what makes it recurse or take
the square of the time; each look into a part is on its own, so that one bad part costs itself only.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from app.integrations import mail_html
from app.services.mails.mail_incoming import Bounce, IncomingFile

LONGEST_TEXT = 200_000
MOST_PARTS, MOST_FILES, DEEPEST = 200, 50, 20
LONGEST_VALUE = 4_000
# Codecs that turn bytes into text in a time that grows with their number.
_CHARSETS = re.compile(
    r"ascii|utf-?(?:7|8|8-sig|16|16-[lb]e|32|32-[lb]e)|iso8859-\d+|cp\d+|koi8-[rtu]|big5|big5hkscs|gb2312|gbk|gb18030|"
    r"euc_jp|euc_kr|shift_jis|iso2022_(?:jp|kr)|mac-roman|mac_roman|johab|hz|tis-620"
)
_NOT_STORED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Bytes that the parser could not read.
_ESCAPED = re.compile(r"[\udc80-\udcff]")
# How most addresses are written: the parser of the standard library takes its time for them too.
_PLAIN = re.compile(r"(?:([A-Za-z0-9][\w .'-]{0,158}[\w.]) +)?(?:<([\w.+-]+@[\w.-]+)>|([\w.+-]+@[\w.-]+))", re.ASCII)
_ADDRESS = re.compile(r"[^@\s<>,;:\"()]{1,64}@[^@\s<>,;:\"()]{1,189}")


@dataclass(slots=True)
class Parts:
    """What was found in a mail. ``cut``: there was more."""

    texts: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[IncomingFile] = field(default_factory=list)
    cut: bool = False

    def body(self) -> str:
        """Return the text, from the HTML where there is none."""
        written = "\n\n".join(self.texts)
        if not written.strip() and self.html:
            written = mail_html.as_text(self.html[0])
        return tidy(written)[:LONGEST_TEXT]


def parts_of(mail: Message) -> Parts:
    """Collect the parts of a mail."""
    found = Parts()
    for number, part in enumerate(_leaves(mail)):
        if number >= MOST_PARTS:
            found.cut = True
            break
        try:
            _sort_in(part, found)
        except Exception:  # whatever this part is, the others may be fine
            found.cut = True
    return found


def header(mail: Message, name: str, longest: int = LONGEST_VALUE) -> str:
    """Return a header in one line, decoded as far as it can be; empty where there is none."""
    raw = mail.get(name)
    return decoded(str(raw)[:longest]) if raw is not None else ""


def decoded(value: str) -> str:
    """Return a header's value with its encoded words (RFC 2047) as text."""
    try:
        pieces = decode_header(value)
    except Exception:  # HeaderParseError, ValueError and whatever else broken encodings cause
        pieces = [(value, None)]
    words = "".join(
        text_of(piece, charset or "utf-8") if isinstance(piece, bytes) else piece for piece, charset in pieces
    )
    if _ESCAPED.search(words):
        words = words.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(clean(words).split())


def text_of(content: bytes, charset: str) -> str:
    """Return bytes as text, by what they claim to be where that is a harmless codec."""
    try:
        name = codecs.lookup(charset.strip().strip("'\"")[:40]).name
        if not _CHARSETS.fullmatch(name):
            raise LookupError(name)
        return content.decode(name, "replace")
    except (LookupError, ValueError, UnicodeError):
        pass
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def clean(value: str) -> str:
    """Return a text without what cannot be stored or shown."""
    return _NOT_STORED.sub("", value)


def tidy(value: str) -> str:
    """Return a text with plain line ends and never more than two empty lines in a row."""
    lines = clean(value.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def addresses(mail: Message, *names: str) -> list[tuple[str, str]]:
    """Return (name, address) of address headers; what is no address is left out."""
    values = [str(value)[:LONGEST_VALUE] for name in names for value in (mail.get_all(name) or [])[:5]]
    if not values:
        return []
    try:
        pairs = _plain(values) or getaddresses(values)
    except Exception:  # deep comments make it recurse
        pairs = [("", found) for value in values for found in _ADDRESS.findall(value)]
    made = [(decoded(name)[:160], _domain_folded(clean(address.strip()))) for name, address in pairs[:100]]
    return [(name, address) for name, address in made if _ADDRESS.fullmatch(address)]


def bounce_of(mail: Message) -> Bounce | None:
    """Return what a mail server reports as undeliverable for good (RFC 3464), None for everything else."""
    if mail.get_content_type() != "multipart/report":
        return None
    status: Message | None = None
    original: Message | None = None
    for part in _messages(mail)[:5]:
        kind = part.get_content_type()
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            told = _messages(part)[:20]
            status = next((one for one in told if header(one, "Action", 20).lower() == "failed"), None)
        elif kind in ("message/rfc822", "message/global"):
            original = next(iter(_messages(part)), None)
        elif kind in ("text/rfc822-headers", "message/global-headers"):
            original = _heads(part)
    code = header(status, "Status", 40) if status is not None else ""
    if status is None or original is None or not code.startswith("5"):
        return None
    about = header(status, "Final-Recipient", 400) or header(status, "Original-Recipient", 400)
    recipient = _ADDRESS.search(about.partition(";")[2] or about)
    return Bounce(
        recipient=recipient[0] if recipient else "",
        status=code.split()[0][:12],
        reason=header(status, "Diagnostic-Code", 600).partition(";")[2].strip()[:200],
        message_id=header(original, "Message-ID", 400)[:300],
        proof=header(original, "X-Frontdesk-Proof", 100),
    )


def _messages(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def _heads(part: Message) -> Message | None:
    payload = part.get_payload(decode=True)
    return message_from_bytes(payload[:100_000]) if isinstance(payload, bytes) else None


def _leaves(mail: Message, depth: int = 0) -> Iterator[Message]:
    """Walk the parts, not into mails that are attached."""
    payload = mail.get_payload()
    if depth >= DEEPEST or not mail.is_multipart() or not isinstance(payload, list):
        yield mail
        return
    if mail.get_content_maintype() == "message":
        yield mail
        return
    for part in payload[:MOST_PARTS]:
        if isinstance(part, Message):
            yield from _leaves(part, depth + 1)


def _sort_in(part: Message, found: Parts) -> None:
    kind, name = part.get_content_type(), _file_name(part)
    is_file = bool(name) or str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")
    if kind == "message/delivery-status":
        return
    if kind in ("text/plain", "text/html") and not is_file:
        written = text_of(_content(part), str(part.get_content_charset() or "utf-8"))
        found.cut = found.cut or len(written) > LONGEST_TEXT * 5
        target = found.html if kind == "text/html" else found.texts
        target.append(written[: LONGEST_TEXT * 5])
        return
    if len(found.files) >= MOST_FILES:
        found.cut = True
        return
    content = _content(part)
    if content:
        shown_as = header(part, "Content-ID", 300).strip("<> ")[:200] or None
        found.files.append(IncomingFile(name or _made_up_name(kind), content, shown_as))


def _content(part: Message) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):  # an attached mail
        return payload[0].as_bytes() if payload and isinstance(payload[0], Message) else b""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _file_name(part: Message) -> str:
    try:
        return decoded(str(part.get_filename() or "")[:1000])
    except Exception:  # broken RFC 2231 parameters
        return ""


def _made_up_name(kind: str) -> str:
    endings = {"message/rfc822": "mail.eml", "text/calendar": "invitation.ics", "text/html": "page.html"}
    return endings.get(kind, f"file.{re.sub('[^a-z0-9]', '', kind.rpartition('/')[2])[:10] or 'bin'}")


def _plain(values: list[str]) -> list[tuple[str, str]]:
    """The one address of a simple header; nothing where it has to be looked at closely."""
    found = _PLAIN.fullmatch(values[0].strip()) if len(values) == 1 else None
    if found is None or (found[1] and found[3]):
        return []
    return [(found[1] or "", found[2] or found[3])]


def _domain_folded(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower()}"
