"""Reports in another language than the product: every text, date and number of them, in mail, paper, file and page."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask
from pypdf import PdfReader

from app.errors import UserError
from app.models.people import User
from app.services.reports import report_languages
from tests import builders, reporting
from tests.bad_moments.queued import work_off
from tests.mailboxes import SmtpServer
from tests.reports.test_scheduled import MONDAY, At, della, html, local, parts, plain

__all__ = ["della"]

APP = Path(report_languages.__file__).parents[2]
OTHERS = [code for code in report_languages.languages() if code != report_languages.DEFAULT]
KEYWORDS = DEFAULT_KEYWORDS | {"lazy_gettext": None}


def forms(text: Any) -> tuple[str, ...]:
    """A text, or one and its plural."""
    return (text,) if isinstance(text, str) else tuple(text)


def texts() -> Iterator[tuple[str, ...]]:
    """What reports say, as the sources have it."""
    methods, options = parse_mapping_cfg((report_languages.CATALOGUES / "reports.cfg").open())
    for _, _, text, _, _ in extract_from_dir(APP, methods, options, KEYWORDS):
        yield forms(text)


def placeholders(words: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", words))


@pytest.mark.parametrize("code", OTHERS)
def test_no_text_of_a_report_is_left_untranslated(code: str) -> None:
    folder = report_languages.CATALOGUES / code / "LC_MESSAGES"
    catalogue = read_po((folder / "messages.po").open("rb"), locale=code)
    wanted = set(texts())
    assert len(wanted) > 150
    known = {forms(one.id): one for one in catalogue if one.id}
    assert set(known) == wanted, "run tools/translations, and translate what it brings"
    for meant, one in known.items():
        said = forms(one.string)
        assert all(said), meant
        assert not one.fuzzy, meant
        assert set().union(*map(placeholders, said)) == set().union(*map(placeholders, meant)), meant
    read = {forms(one.id): forms(one.string) for one in read_mo((folder / "messages.mo").open("rb")) if one.id}
    assert read == {meant: forms(one.string) for meant, one in known.items()}, "run tools/translations"


def test_a_german_report_is_german_in_mail_paper_file_and_page(
    della: User, at: At, smtp: SmtpServer, context: Flask
) -> None:
    milo = builders.make_user("Staff", first_name="Milo", last_name="Spöke")
    at(local(MONDAY - dt.timedelta(days=4), 10))
    builders.make_lead(responsible=milo, budget=12345.5)
    at(local(MONDAY - dt.timedelta(days=1), 20))
    reporting.make_report(
        della, milo, name="Vertrieb", language="de", sections=["leads", "tasks", "replies"], addresses="chef@p.example"
    )
    work_off("mail")
    (asked,) = smtp.mails
    assert asked["Subject"] == "Della Crank möchte Ihnen einen Bericht senden: Vertrieb"
    stranger = reporting.Window(context)
    confirm = re.search(r"/report/confirm/\S+", plain(asked)).group()  # type: ignore[union-attr]
    assert "„Vertrieb“ per E-Mail erhalten?" in stranger.get(confirm).get_data(as_text=True)
    assert '<html lang="de"' in stranger.post(confirm).get_data(as_text=True)
    at(local(MONDAY, 8))
    reporting.run_due()
    mail = next(one for one in smtp.mails if one["To"] == milo.email)
    assert mail["Subject"] == "Vertrieb, Woche ab 16. November"
    assert "Montag, 16. bis Sonntag, 22. November 2026, verglichen mit der Woche davor" in plain(mail)
    assert "Neue Leads: 1 (1 mehr)" in plain(mail)
    assert "12.346 €" in plain(mail).replace("\N{NO-BREAK SPACE}", " ")
    assert "weil Della Crank Sie am 22. November 2026 hinzugefügt hat: montags um 08:00 (Europe/Vienna)." in plain(mail)
    assert '<html lang="de"' in html(mail)
    assert "Der höchste Wert ist Donnerstag, 19. November mit 1" in html(mail)
    files = parts(mail)
    paper = files["Vertrieb Woche ab 16 November.pdf"].get_content()
    printed = " ".join("\n".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages).split())
    for words in ("Was die Zahlen bedeuten", "Seite 1 von", "Erste Antwort (Median)", "Die Budgets der neuen Leads."):
        assert words in printed
    table = files["Vertrieb Woche ab 16 November.csv"].get_content()
    words = table if isinstance(table, str) else table.decode()
    rows = [line.split(";") for line in words.lstrip("\ufeff").splitlines()]
    total = dict(zip(rows[0], rows[1], strict=True))
    assert (total["Von wem"], total["Neue Leads"], total["Summe neuer Leads (EUR)"]) == ("Gesamt", "1", "12345,50")
    english = re.compile(r"\b(Leads won|Tasks|The budgets|Total|Change|Before|This week)\b")
    for text in (plain(mail), html(mail), printed, str(table)):
        assert english.search(text) is None, english.search(text)
    # A colleague's page is the product's, around what the report says.
    page = reporting.Window(context, milo).get("/scheduled/runs/1").get_data(as_text=True)
    assert '<html lang="en"' in page
    assert 'lang="de">Vertrieb, Woche ab 16. November</h1>' in page
    assert "Erledigte Aufgaben" in page
    assert ">Tasks<" in page, "the menu stays as it was"
    theirs = next(one for one in smtp.mails if one["To"] == "chef@p.example" and one is not asked)
    link = re.search(r"/report/view/\S+", plain(theirs)).group()  # type: ignore[union-attr]
    seen = stranger.get(link).get_data(as_text=True)
    assert '<html lang="de"' in seen
    assert "Diesen Bericht abbestellen" in seen


def test_only_languages_that_exist_are_offered_and_taken(della: User, context: Flask) -> None:
    form = reporting.Window(context, della).get("/scheduled/new").get_data(as_text=True)
    offered = re.findall(r'<option [^>]*value="(\w\w)">(\w+)<', form.split('id="language"')[1].split("</select>")[0])
    assert offered == [("en", "English"), ("de", "Deutsch")]
    with pytest.raises(UserError) as refused:
        reporting.make_report(della, della, language="tlh")
    assert refused.value.field == "language"
