"""The demo account: Demo Bicycles, a small shop with customers, tasks and news of the last days."""

from app.demo.load import load

__all__ = ["load"]
