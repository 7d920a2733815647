"""What holds for all tests."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop running, in which `asyncio.run` refuses to work."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
