"""Pieces of the test harness, one idea a file; tests/conftest.py registers them."""
