"""The summary of failures: pytest cuts its lines at the end of the terminal, before the reason."""

from __future__ import annotations

import os
from typing import Any
from unittest.mock import patch

import pytest


class SummaryPlugin:
    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or session.config.option.force_short_summary:
            return
        summary = reporter.short_test_summary

        def whole() -> None:
            # pytest leaves lines whole where nobody looks at a terminal: in a continuous
            # integration, which it knows by this variable.
            with patch.dict(os.environ, CI="true"):
                summary()

        reporter.short_test_summary = whole
