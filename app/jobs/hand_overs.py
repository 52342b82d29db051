"""Do one hand-over."""

from __future__ import annotations

from app.services.people import hand_over_run


def run_hand_over(order_id: int) -> None:
    """Give what one person has to another; one that another worker has claimed is left to it."""
    hand_over_run.run(order_id)
