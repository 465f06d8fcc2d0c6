"""Plugins: finding them, telling what is wrong with one, and the names that a plugin may import.

May import everything below the user interface. Start at `api.py` (for authors), then `discovery.py`.
"""
