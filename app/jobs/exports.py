"""Write one export."""

from __future__ import annotations

from app.services.exports import exports


def write_export(export_id: int) -> None:
    """Write the file; one that another worker has claimed is left to it."""
    exports.write(export_id)
