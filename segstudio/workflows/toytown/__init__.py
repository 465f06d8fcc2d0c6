"""Toytown: a painted street-scene data set, the same on every machine, with semantic and instance ground truth.

May import core and formats. Start at `town.paint_scene` for one scene, at `dataset.generate` for the data set.
"""
