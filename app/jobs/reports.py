"""Work out one run of a report."""

from __future__ import annotations

from app.services.reports import report_build


def run_report(run_id: int) -> None:
    """Work it out and write its mails; a run that another worker has claimed is left to it."""
    report_build.build(run_id)
