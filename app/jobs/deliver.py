"""Send one batch of deliveries of one channel."""

from __future__ import annotations

from app.services import delivery


def deliver_batch(channel: str, ids: list[int]) -> None:
    """Deliver what is due among ``ids`` (at most 100); what another worker has claimed is left to it."""
    delivery.deliver(channel, ids)
