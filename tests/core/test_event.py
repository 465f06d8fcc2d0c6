"""Events: order, weak listeners, and changes of the list while news is told."""

from __future__ import annotations

import gc

import pytest

from segstudio.core.event import Event


class Panel:
    def __init__(self, heard):
        self.heard = heard

    def hear(self, news):
        self.heard.append(news)


def test_listeners_hear_in_the_order_in_which_they_came():
    event, heard = Event(), []
    event.connect(lambda news: heard.append(("first", news)))
    event.connect(lambda news: heard.append(("second", news)))
    event.emit(1)
    assert heard == [("first", 1), ("second", 1)]


def test_a_closed_panel_is_neither_called_nor_kept():
    event, heard = Event(), []
    panel = Panel(heard)
    event.connect(panel.hear)
    event.emit(1)
    del panel
    gc.collect()
    event.emit(2)
    assert heard == [1]


def test_disconnecting_stops_the_news():
    event, heard = Event(), []
    panel = Panel(heard)
    event.connect(panel.hear)
    event.connect(heard.append)
    event.disconnect(panel.hear)
    event.disconnect(print)
    event.emit(1)
    assert heard == [1]
    event.disconnect(heard.append)
    event.emit(2)
    assert heard == [1]


def test_a_listener_added_meanwhile_hears_only_of_the_next():
    event, heard = Event(), []

    def listen(news):
        heard.append(("old", news))
        event.disconnect(listen)
        event.connect(lambda more: heard.append(("new", more)))

    event.connect(listen)
    event.emit(1)
    event.emit(2)
    assert heard == [("old", 1), ("new", 2)]


def test_a_broken_listener_is_seen():
    event = Event()

    def broken(_):
        raise KeyError("bug")

    event.connect(broken)
    with pytest.raises(KeyError):
        event.emit(1)
