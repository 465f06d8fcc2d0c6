"""Messages over pipes: arrays of any layout arrive as they were, and an end in the middle is an end."""

from __future__ import annotations

import os
import pickle
import threading

import numpy as np
import pytest

from segstudio.models.channel import Channel, ChannelClosed


@pytest.fixture
def ends():
    """Two channels that talk to each other, and the raw pipe from the first to the second."""
    (from_a, to_b), (from_b, to_a) = os.pipe(), os.pipe()
    files = [os.fdopen(from_b, "rb"), os.fdopen(to_b, "wb"), os.fdopen(from_a, "rb"), os.fdopen(to_a, "wb")]
    yield Channel(files[0], files[1]), Channel(files[2], files[3]), files
    for file in files:
        if not file.closed:
            file.close()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3_000_000, dtype=np.int32).reshape(1500, 2000),
        np.zeros((0, 5), np.bool_),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(100)[::7],
        np.array(2.5, np.float16),
    ],
    ids=["large", "empty", "columns first", "every seventh", "one number"],
)
def test_arrays_arrive_as_they_were_and_can_be_written(ends, array):
    ours, theirs, _ = ends
    sending = threading.Thread(target=ours.send, args=("reply", 3, {"found": [array, array], "why": "so"}))
    sending.start()
    kind, number, value = theirs.receive()
    sending.join()
    assert (kind, number, value["why"]) == ("reply", 3, "so")
    for got in value["found"]:
        np.testing.assert_array_equal(got, array)
        assert got.dtype == array.dtype
        assert got.flags.writeable


def test_messages_keep_their_order_in_both_directions(ends):
    ours, theirs, _ = ends
    for number in range(5):
        ours.send("task", number, np.full(number, number))
        theirs.send("reply", number)
    assert [theirs.receive()[1] for _ in range(5)] == list(range(5))
    assert [ours.receive()[1] for _ in range(5)] == list(range(5))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_an_end_in_the_middle_of_a_message_is_an_end(ends, share):
    _, theirs, files = ends
    whole = (1).to_bytes(8, "little") + len(body := pickle.dumps(("task", b"x" * 500))).to_bytes(8, "little") + body
    files[1].write(whole[: int(len(whole) * share)])
    files[1].close()
    with pytest.raises(ChannelClosed):
        theirs.receive()
