"""The oracle of the program itself, under its name among the others."""

from segstudio.plugins.api import open_oracle

__all__ = ["open_oracle"]
