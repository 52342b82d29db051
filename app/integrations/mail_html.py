"""HTML of strangers made harmless: what is left may only be looked at, and loads nothing. Of pictures those stay that
came with the mail (cid:, RFC 2392); the others keep their words only.

It is still shown in a frame that may run nothing and load nothing (``views/mails.py``): two fences, not one.
"""

from __future__ import annotations

import html
import re

import nh3

LONGEST_HTML = 300_000
# The cleaner's time grows with the square of these: 50,000 nested blocks took it half a minute.
DEEPEST, MOST_ENTITIES = 500, 100_000

_TAGS = """
a abbr b blockquote br center code col colgroup dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins li ol p pre q s
small span strike strong sub sup table tbody td tfoot th thead tr tt u ul
"""
_ATTRIBUTES = {
    "*": {"style", "align", "valign", "dir", "lang", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing", "width", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "height", "bgcolor"},
    "th": {"colspan", "rowspan", "width", "height", "bgcolor"},
    "tr": {"bgcolor"},
    "col": {"span", "width"},
    "ol": {"start", "type"},
}
# None of them takes an address.
_STYLES = """
color background-color font-family font-size font-style font-weight line-height text-align text-decoration
text-indent vertical-align white-space width max-width padding padding-top padding-right padding-bottom
padding-left margin margin-top margin-right margin-bottom margin-left border border-top border-right
border-bottom border-left border-color border-style border-width border-collapse border-radius
"""
_OWN_PICTURE = re.compile(r"cid:[^\"'<>\s]{1,200}")


def _kept(tag: str, name: str, value: str) -> str | None:
    if name == "src":
        return value if tag == "img" and _OWN_PICTURE.fullmatch(value) else None
    return None if name == "href" and value.lower().startswith("cid:") else value


_CLEANER = nh3.Cleaner(
    tags=set(_TAGS.split()),
    clean_content_tags={"script", "style", "title", "head", "template", "noscript", "xmp", "noembed", "noframes"},
    attributes=_ATTRIBUTES,
    attribute_filter=_kept,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    filter_style_properties=set(_STYLES.split()),
    strip_comments=True,
)
_BARE = nh3.Cleaner(tags=set(), attributes={}, clean_content_tags={"script", "style", "title", "head", "template"})
_BREAKS = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|hr)\b[^<>]{0,200}>", re.IGNORECASE)
_DATA = re.compile(r"data:[a-zA-Z]+/[^\"'<>\s]+")
_LONG_TAG = re.compile(r"<[^<>]{20000}")
_TAG = re.compile(r"<(/?)([a-zA-Z]+[1-6]?)")
# They close themselves, or each other.
_FLAT = ("br", "hr", "img", "input", "meta", "link", "col", "p", "li", "td", "tr", "th", "dt", "dd", "option", "wbr")
_URL_IN_STYLE = re.compile(r"url\s*\(|expression\s*\(|\\", re.IGNORECASE)


def cleaned(source: str) -> str | None:
    """Return HTML without anything that runs, loads or submits; None where nothing is left, or it is absurd."""
    cut = _cut(source)
    if _is_absurd(cut):
        return None
    made = _CLEANER.clean(cut)
    # Styles hold no address by the list above; should a browser's CSS ever differ, there is none to load.
    made = re.sub(r' style="([^"]*)"', _harmless_style, made)
    return made if made.strip() else None


def as_text(source: str) -> str:
    """Return what a person would read of it."""
    cut = _cut(source)
    if _is_absurd(cut):
        return re.sub(r"<[^<>]{0,1000}>", " ", cut)
    return html.unescape(_BARE.clean(_BREAKS.sub(lambda tag: tag[0] + "\n", cut)))


def _cut(source: str) -> str:
    """Pictures inside the text are not shown, and would be most of it."""
    return _DATA.sub("", source)[:LONGEST_HTML]


def _is_absurd(source: str) -> bool:
    if source.count("&") > MOST_ENTITIES or _LONG_TAG.search(source):
        return True
    depth = 0
    for tag in _TAG.finditer(source):
        if tag[2].lower() not in _FLAT:
            depth = max(depth - 1, 0) if tag[1] else depth + 1
            if depth > DEEPEST:
                return True
    return False


def _harmless_style(found: re.Match[str]) -> str:
    return "" if _URL_IN_STYLE.search(html.unescape(found[1])) else found[0]
