"""Do one import."""

from __future__ import annotations

from app.services.imports import import_run


def run_import(import_id: int) -> None:
    """Write what an uploaded file holds; an import that another worker has claimed is left to it."""
    import_run.run(import_id)
