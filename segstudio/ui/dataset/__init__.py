"""What owns the view of many images: the dataset table with its filter bar and histograms, and the statistics.

May import segstudio.session and below, ui.shell's theme, icons and commands, ui.panels' thumbnails; Qt and pyqtgraph.
Start at dataset_dock.py, which puts the parts together; then table_model.py and filter_bar.py.
"""
