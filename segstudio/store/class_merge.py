"""Two people change the classes of one project: what each did to them is kept, unless it is the same class."""

from __future__ import annotations

from dataclasses import replace

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.errors import UserError


def merge(base: ClassSet, ours: ClassSet, theirs: ClassSet) -> ClassSet:
    """`theirs` with what turned `base` into `ours`: classes added at the end, changed or removed by id.

    Raises `UserError` where both did different things to one class.
    """
    if theirs == base or ours == base:
        return ours if theirs == base else theirs
    known, mine = base.by_id, ours.by_id
    kept: list[LabelClass] = []
    for found in theirs.classes:
        before, after = known.get(found.id), mine.get(found.id)
        if after in (before, found):
            kept.append(found)
        elif found != before:
            raise UserError(
                f"class {found.id} was changed by somebody else meanwhile: it is “{found.name}” now",
                hint="open the project again to see it",
            )
        elif after is not None:
            kept.append(after)
    there = theirs.by_id
    for added in ours.classes:
        if added.id not in there:
            if added.id not in known:
                kept.append(added)
            elif added != known[added.id]:
                raise UserError(f"class {added.id} “{added.name}” was removed by somebody else meanwhile")
    return replace(theirs, classes=tuple(kept))
