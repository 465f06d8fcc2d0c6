"""What a person does to labels and objects: accept, cut, combine, reshape, carry on to others; each call one edit.

May import: `session` (the document, jobs, the view) and everything below; not the other rooms of it, except `scores`.
Start at `reshape.py`; a gesture that paints is `../stroke.py`.
"""
