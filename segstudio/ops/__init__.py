"""Pixel and polygon algorithms: pictures in and out, brush, fill, contours, run lengths, booleans, assistance.

May import: core, numpy, cv2, shapely, pycocotools, Pillow, tifffile.
Start at `shapes.py` (any shape to pixels and back), `image.py` (files to pixels), `brush.py` (the hand to pixels).
"""
