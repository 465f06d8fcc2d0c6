"""All images of what is open: their list, their facts in columns, questions to them, statistics and export.

May import: `session`, `session/scores` and everything below.
Start at `overview.py`; the language of filters is `query.py`.
"""
