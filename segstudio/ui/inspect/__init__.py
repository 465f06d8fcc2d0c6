"""What owns the inspector: the confusion matrix and its regions, what-if, policies, and doubts about the truth.

May import segstudio.session and below, ui.shell's theme and commands, ui.canvas's picture; each dock is one file.
Start at desk.py (what the docks share), then confusion_dock.py.
"""
