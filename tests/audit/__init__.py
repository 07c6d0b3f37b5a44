"""Measures the built site as a reader's browser meets it: ``python -m tests.audit``."""
