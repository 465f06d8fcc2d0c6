"""The built wheel, installed where no checkout is in sight."""
