"""Locks, names, attributes and order of objects are edits; hiding and isolating is a way of looking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.objects import PolygonShape, SegObject
from segstudio.session import Session
from segstudio.session.edits import object_facts as facts
from segstudio.session.edits.object_view import is_drawn, is_pickable, undrawn


def square(number: int, x: float = 0, **more: object) -> SegObject:
    ring = np.array([(x, 0), (x + 8, 0), (x + 8, 8), (x, 8)], float)
    return SegObject(number, 2, PolygonShape.of(ring), **{"z": number, **more})  # type: ignore[arg-type]


@pytest.fixture
def four(opened: Session) -> Session:
    """Four squares, number 1 at the back."""
    with opened.document.begin("put") as stroke:
        for number in range(1, 5):
            stroke.put_object(square(number, 10.0 * number))
    return opened


def order(session: Session) -> list[int]:
    return [item.id for item in session.document.labels.objects.in_order()]


def test_locked_objects_change_only_by_being_unlocked(four: Session) -> None:
    document = four.document
    assert facts.lock(document, [1, 2, 99]) == 2
    assert facts.lock(document, [1, 2]) == 0
    assert facts.set_attribute(document, [1, 3], "weather", "rain") == 1
    assert facts.set_crowd(document, [1, 2], True) == 0
    assert facts.bring_to_front(document, [1]) == 0
    assert facts.lock(document, [1], False) == 1
    assert facts.set_crowd(document, [1, 2], True) == 1
    names = [edit.name for edit in document.history.undoable]
    assert names == ["put", "lock", "set weather", "unlock", "mark as crowd"]


def test_locks_and_attributes_come_back_from_the_project(four: Session) -> None:
    document = four.document
    facts.lock(document, [2])
    facts.set_attribute(document, [3], facts.NAME, "the red one")
    facts.set_crowd(document, [4], True)
    four.next_image()
    four.previous_image()
    table = four.document.labels.objects
    assert four.document is not document
    assert table.get(2).locked
    assert table.get(3).attributes == {"name": "the red one"}
    assert table.get(4).is_crowd
    while four.undo() is not None:
        pass
    assert len(four.document.labels.objects) == 0


def test_an_attribute_is_taken_away_again(four: Session) -> None:
    facts.set_attribute(four.document, [1], "truncated", True)
    facts.set_attribute(four.document, [1], "truncated", None)
    assert four.document.labels.objects.get(1).attributes == {}
    assert facts.set_attribute(four.document, [1], "truncated", None) == 0


@given(st.data())
def test_reordering_is_that_of_a_list(data: st.DataObject) -> None:
    from segstudio.core.history import History
    from segstudio.core.layer import LABELS, Layer
    from segstudio.session.document import ClassBook, Document
    from segstudio.session.session import NO_CLASSES

    layer = Layer(LABELS, (60, 90))
    zs = data.draw(st.lists(st.integers(0, 3), min_size=6, max_size=6))
    for number, z in enumerate(zs, 1):
        layer.objects.put(square(number, z=z))
    document = Document(None, None, layer, classes=ClassBook(NO_CLASSES), history=History())  # type: ignore[arg-type]
    before = [item.id for item in layer.objects.in_order()]
    chosen = data.draw(st.sets(st.integers(1, 6), min_size=1))
    target = data.draw(st.sampled_from([None, *(number for number in before if number not in chosen)]))
    facts.reorder(document, chosen, target)
    rest = [number for number in before if number not in chosen]
    place = rest.index(target) + 1 if target is not None else 0
    wanted = [*rest[:place], *(number for number in before if number in chosen), *rest[place:]]
    assert [item.id for item in layer.objects.in_order()] == wanted
    document.undo()
    assert [item.id for item in layer.objects.in_order()] == before


def test_front_and_back(four: Session) -> None:
    facts.bring_to_front(four.document, [1, 2])
    assert order(four) == [3, 4, 1, 2]
    facts.send_to_back(four.document, [2])
    assert order(four) == [2, 3, 4, 1]
    assert facts.send_to_back(four.document, [2]) == 0


@pytest.mark.parametrize(
    ("text", "value"), [("12", 12), ("1.5", 1.5), ("True", True), ("false", False), ("left lane", "left lane")]
)
def test_what_is_typed_is_read_as_what_it_is(text: str, value: object) -> None:
    found = facts.value_of(text)
    assert (found, type(found)) == (value, type(value))


def test_hidden_ones_are_deselected_and_stay_hidden_per_image(four: Session) -> None:
    view, table = four.view, four.document.labels.objects
    view.set(selection=frozenset({1, 2}))
    four.object_view.hide([1])
    assert view.now.selection == {2}
    assert undrawn(view.now, table) == {1}
    assert not is_pickable(view.now, table.get(1))
    four.next_image()
    assert view.now.hidden_objects == frozenset()
    four.previous_image()
    assert view.now.hidden_objects == {1}
    assert len(four.document.history.undoable) == 1
    four.object_view.show_all()
    assert undrawn(view.now, table) == frozenset()


def test_isolating_shows_nothing_else_until_something_is_selected_or_drawn(four: Session) -> None:
    view, table = four.view, four.document.labels.objects
    four.object_view.isolate([2, 3])
    assert [item.id for item in table if is_drawn(view.now, item)] == [2, 3]
    with four.document.begin("draw") as stroke:
        stroke.put_object(square(7, 50))
    view.set(selection=frozenset({7}))
    assert is_drawn(view.now, table.get(7))
    four.next_image()
    assert view.now.isolated_objects == frozenset()


def test_a_hidden_class_hides_its_objects(four: Session) -> None:
    four.view.toggle_class_hidden(2)
    assert undrawn(four.view.now, four.document.labels.objects) == {1, 2, 3, 4}
