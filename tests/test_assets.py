"""Static files: hashed, immutable, compressed, and nothing but the listed ones."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import brotli
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import assets

ROOT = Path(__file__).parent.parent
MODULE = "center/main.js"


def test_a_file_may_be_kept_for_ever_and_comes_compressed(app: Flask, client: FlaskClient) -> None:
    assets.compress_all()
    fresh = Flask("fresh")
    assets.init_app(fresh)
    url = fresh.extensions["assets"].url(MODULE)
    content = (ROOT / "app/static" / MODULE).read_bytes()
    for accepted, encoding, unpack in (("br, gzip", "br", brotli.decompress), ("gzip", "gzip", gzip.decompress)):
        answer = fresh.test_client().get(url, headers={"Accept-Encoding": accepted})
        assert answer.headers["Content-Encoding"] == encoding
        assert unpack(answer.data) == content
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.mimetype == "text/javascript"
    plain = fresh.test_client().get(url, headers={"Accept-Encoding": "identity"})
    assert plain.data == content
    assert fresh.test_client().get(url, headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304


def test_an_address_from_before_an_update_still_answers_but_is_not_kept(app: Flask, client: FlaskClient) -> None:
    answer = client.get(f"/assets/000000000000/{MODULE}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["../../config.py", "npm/preact/package.json", "npm/axe-core/axe.min.js", ".compressed/x", "none.js"]
)
def test_nothing_else_is_served(app: Flask, client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/{app.extensions['assets'].version}/{name}").status_code == 404


def test_a_template_that_names_no_file_fails_loudly(app: Flask) -> None:
    with pytest.raises(LookupError, match=r"none\.js"):
        app.extensions["assets"].url("none.js")


def test_every_import_of_every_module_leads_to_a_file(app: Flask) -> None:
    with app.test_request_context():
        element = str(app.extensions["assets"].import_map())
    imports = json.loads(re.sub(r"</?script[^>]*>", "", element))["imports"]
    files = dict(assets.listed_files())
    found = re.compile(
        r"""(?:^|[;\s}])(?:import|export)\b[^;'"()]*?\bfrom\s*["']([^"']+)["']|\bimport\(["']([^"']+)["']\)"""
    )
    for name, path in files.items():
        if path.suffix not in (".js", ".mjs") or name.startswith("npm/"):
            continue
        for match in found.finditer(path.read_text()):
            wanted = match.group(1) or match.group(2)
            if wanted.startswith("."):
                assert (path.parent / wanted).resolve() in {one.resolve() for one in files.values()}, (
                    f"{name}: {wanted}"
                )
            else:
                assert wanted in imports, f"{name}: {wanted}"
