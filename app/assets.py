"""Static files under one hashed, immutable, pre-compressed address: `/assets/<version>/<path>`.

The version is a hash over all files, so a module's relative imports stay inside the version that it came from. Files
of npm packages are served from an explicit list only, under the bare names that the import map gives them.
`python -m app.assets` compresses what is not compressed yet; a file without its compressed twin is served as it is.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
from flask import Flask, Response, abort, current_app, request
from markupsafe import Markup

ROOT = Path(__file__).resolve().parent.parent
OWN = ROOT / "app" / "static"
NPM = ROOT / "node_modules"
COMPRESSED = OWN / ".compressed"

# What the browser gets of each package, by the name that modules import it with.
IMPORT_MAP = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "htm": "htm/dist/htm.module.js",
    "htm/preact": "htm/preact/index.module.js",
    "@preact/signals": "@preact/signals/dist/signals.mjs",
    "@preact/signals-core": "@preact/signals-core/dist/signals-core.mjs",
    "socket.io-client": "socket.io-client/dist/socket.io.esm.min.js",
    "chart.js": "chart.js/dist/chart.js",
    "chart.js/auto": "chart.js/auto/auto.js",
    "@kurkle/color": "@kurkle/color/dist/color.esm.js",
}
# Files that those import by a relative path.
NPM_PARTS = ("chart.js/dist/chunks/*.js",)

YEAR_SECONDS = 365 * 24 * 3600
# Smaller files gain nothing: they fit one network packet either way.
COMPRESS_FROM_BYTES = 900
COMPRESSIBLE = {".js", ".mjs", ".css", ".svg", ".json", ".html", ".txt"}
# The machine's own table may lack these or call JavaScript something a browser refuses as a module.
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, with its compressed forms by the name of their encoding."""

    content: bytes
    digest: str
    content_type: str
    encoded: dict[str, bytes]


class Assets:
    """All files that may be served, read once at the start."""

    def __init__(self, app: Flask) -> None:
        self.files = {name: _read(path) for name, path in listed_files()}
        summed = "".join(f"{name} {asset.digest}\n" for name, asset in sorted(self.files.items()))
        self.version = hashlib.sha256(summed.encode()).hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file below `app/static`, or of `npm/…`. Raises LookupError when there is none."""
        if name not in self.files:
            raise LookupError(f"no static file {name!r} (of an npm package: is it listed in app/assets.py?)")
        return f"/assets/{self.version}/{name}"

    def import_map(self) -> Markup:
        """The `<script type="importmap">` element for modules' bare imports."""
        csp_nonce: Any = current_app.jinja_env.globals["csp_nonce"]
        imports = {bare: self.url(f"npm/{path}") for bare, path in IMPORT_MAP.items()}
        body = json.dumps({"imports": imports}, separators=(",", ":")).replace("<", "\\u003c")
        # Both parts are ours: addresses of listed files and a random token.
        return Markup(f'<script type="importmap" nonce="{csp_nonce()}">{body}</script>')  # noqa: S704

    def serve(self, version: str, name: str) -> Response:
        asset = self.files.get(name)
        if asset is None:
            abort(404)
        response = Response(asset.content, content_type=asset.content_type)
        for encoding in ("br", "gzip"):
            if encoding in asset.encoded and request.accept_encodings[encoding] > 0:
                response = Response(asset.encoded[encoding], content_type=asset.content_type)
                response.headers["Content-Encoding"] = encoding
                break
        response.set_etag(f"{asset.digest[:20]}-{response.headers.get('Content-Encoding', 'plain')}")
        response.headers["Vary"] = "Accept-Encoding"
        # A page loaded before an update asks for the old version: it gets today's file, but must not keep it.
        current = version == self.version
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable" if current else "no-cache"
        response.make_conditional(request)
        return response


def init_app(app: Flask) -> None:
    """Adds the address and the Jinja globals `asset(name)` and `import_map()`."""
    assets = Assets(app)
    app.extensions["assets"] = assets
    app.jinja_env.globals.update(asset=assets.url, import_map=assets.import_map)
    app.add_url_rule("/assets/<version>/<path:name>", "assets", assets.serve)


def listed_files() -> Iterator[tuple[str, Path]]:
    """Every servable file with its name in addresses. Raises FileNotFoundError when `npm ci` has not run."""
    for path in sorted(OWN.rglob("*")):
        own = path.relative_to(OWN)
        if path.is_file() and not any(part.startswith(".") for part in own.parts):
            yield own.as_posix(), path
    parts = [path.relative_to(NPM).as_posix() for pattern in NPM_PARTS for path in sorted(NPM.glob(pattern))]
    for name in (*IMPORT_MAP.values(), *parts):
        if not (NPM / name).is_file():
            raise FileNotFoundError(f"node_modules/{name} is missing: run `make setup` (it runs `npm ci`)")
        yield f"npm/{name}", NPM / name


def compress_all() -> int:
    """Compresses what has no compressed twin yet, drops twins of files that changed; returns how many were made."""
    COMPRESSED.mkdir(exist_ok=True)
    made, wanted = 0, set()
    for _, path in listed_files():
        content = path.read_bytes()
        if path.suffix not in COMPRESSIBLE or len(content) < COMPRESS_FROM_BYTES:
            continue
        digest = hashlib.sha256(content).hexdigest()
        for suffix, encode in (("br", brotli.compress), ("gz", lambda data: gzip.compress(data, 9, mtime=0))):
            twin = COMPRESSED / f"{digest}.{suffix}"
            wanted.add(twin.name)
            if not twin.exists():
                scratch = twin.with_suffix(".new")
                scratch.write_bytes(encode(content))
                scratch.replace(twin)
                made += 1
    for old in COMPRESSED.iterdir():
        if old.name not in wanted:
            old.unlink(missing_ok=True)
    return made


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    content_type = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    twins = {"br": COMPRESSED / f"{digest}.br", "gzip": COMPRESSED / f"{digest}.gz"}
    encoded = {name: twin.read_bytes() for name, twin in twins.items() if twin.exists()}
    return Asset(content, digest, content_type, encoded)


if __name__ == "__main__":
    print(f"{compress_all()} static files compressed")
