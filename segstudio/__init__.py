"""SegStudio: a desktop studio for image segmentation; see ARCHITECTURE.md for the layers and the one import rule."""

__version__ = "0.1.0"
