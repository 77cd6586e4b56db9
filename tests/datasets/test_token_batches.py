"""TokenBatches against brute force."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.datasets import TokenBatches, concatenate_documents
from tests.next_token_model import VOCABULARY_SIZE, next_token_model

B, T, N = 3, 5, 101
PLACES = np.arange(N)  # each token is its own place: a label tells where it stood
DOCUMENTS = [[5, 6, 7, 8], [9], [], [5, 4, 3, 6, 7, 8, 9], [8, 8, 4, 4, 5]]
END = 2


def epoch_of(batches, epoch=0):
    """All batches of an epoch as arrays of rows: inputs, mask, labels, weights."""
    found = [batches.batch(epoch, i) for i in range(batches.steps_per_epoch)]
    columns = [(x["token_ids"], x["padding_mask"], y, w) for x, y, w in found]
    return [np.concatenate(column) for column in zip(*columns, strict=True)]


def assert_same(one, other):
    """Two batches are equal."""
    for a, b in zip(keras.tree.flatten(one), keras.tree.flatten(other), strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("epoch", [0, 1])
def test_packed_labels_are_the_next_tokens_and_each_comes_once(shuffle, epoch):
    batches = TokenBatches(PLACES, B, T, shuffle=shuffle)
    tokens, mask, labels, weights = epoch_of(batches, epoch)
    assert tokens.shape == labels.shape == (batches.steps_per_epoch * B, T)
    assert_array_equal(labels, (tokens + 1) % N)
    assert_array_equal(tokens[:, 1:], labels[:, :-1])
    assert mask.all() and weights.all()
    assert len(np.unique(labels)) == labels.size
    assert N - labels.size < B * T + T  # the rest fills no batch


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("num_tokens", [N, 100, 90, 4])
def test_without_dropping_each_token_is_a_label_exactly_once(shuffle, num_tokens):
    places = np.arange(1, 1 + num_tokens)
    batches = TokenBatches(places, B, T, shuffle=shuffle, drop_remainder=False)
    tokens, mask, labels, weights = epoch_of(batches)
    assert len(labels) % B == 0
    real = weights == 1
    assert_array_equal(np.sort(labels[real]), places)
    assert_array_equal(labels[real], tokens[real] % num_tokens + 1)
    assert not labels[~real].any() and not weights[~real].any()
    assert_array_equal(mask[:, 1:], weights[:, :-1])  # a label is the next input
    assert_array_equal(tokens[mask == 0], 0)


def test_what_is_dropped_differs_by_epoch():
    batches = TokenBatches(PLACES, B, T)
    dropped = [
        frozenset(PLACES) - frozenset(epoch_of(batches, epoch)[2].ravel())
        for epoch in range(8)
    ]
    assert len(set(dropped)) == 8
    assert not frozenset.intersection(*dropped)


def test_unshuffled_windows_come_as_they_stand():
    x, y, _ = TokenBatches(PLACES, B, T, shuffle=False)[1]
    assert_array_equal(x["token_ids"], np.arange(15, 30).reshape(B, T))
    assert_array_equal(y, np.arange(16, 31).reshape(B, T))


def rows_by_hand(documents, length):
    """Each document cut or padded to `length + 1`, as the preprocessor does."""
    rows = []
    for document in documents:
        if document:
            row = [*document, END][: length + 1]
            rows.append(row + [0] * (length + 1 - len(row)))
    return np.array(rows)


@pytest.mark.parametrize("length", [1, 3, 4, 5, 9])
@pytest.mark.parametrize("closed", [True, False])
def test_unpacked_rows_are_documents(length, closed):
    flat = concatenate_documents(DOCUMENTS, END)
    batches = TokenBatches(
        flat if closed else flat[:-1],
        batch_size=3,
        sequence_length=length,
        packing=False,
        end_token_id=END,
        shuffle=False,
        drop_remainder=False,
    )
    rows = rows_by_hand(DOCUMENTS, length)
    if not closed and length >= len(DOCUMENTS[-1]):
        rows[-1, len(DOCUMENTS[-1])] = 0
    tokens, mask, labels, weights = epoch_of(batches)
    assert_array_equal(tokens[:4], rows[:, :-1])
    assert_array_equal(labels[:4], rows[:, 1:])
    assert_array_equal(mask[:4], rows[:, :-1] != 0)
    assert_array_equal(weights[:4], rows[:, 1:] != 0)
    assert len(tokens) == 6  # two rows of padding fill the second batch
    assert not any(array[4:].any() for array in (tokens, mask, labels, weights))


def test_unpacked_rows_are_shuffled():
    flat = concatenate_documents([[i, i, i] for i in range(3, 40)], END)
    batches = TokenBatches(flat, 4, 3, packing=False, end_token_id=END)
    first, second = epoch_of(batches, 0)[0][:, 0], epoch_of(batches, 1)[0][:, 0]
    assert len(set(first)) == 36  # of 37, one fills no batch
    assert first.tolist() != second.tolist()


def test_batches_are_a_pure_function_of_seed_epoch_and_place():
    one, other = TokenBatches(PLACES, B, T, seed=7), TokenBatches(PLACES, B, T, seed=7)
    forwards = {(e, i): one.batch(e, i) for e in range(3) for i in range(len(one))}
    for (epoch, index), batch in reversed(forwards.items()):
        assert_same(other.batch(epoch, index), batch)
    rows = {labels.tobytes() for _, labels, _ in forwards.values()}
    assert len(rows) == len(forwards)  # another order, other cuts in each epoch
    stranger = TokenBatches(PLACES, B, T, seed=8)
    assert stranger.batch(0, 0)[1].tolist() != forwards[0, 0][1].tolist()


def test_an_epoch_of_some_steps_goes_on_where_the_last_one_ended():
    whole = TokenBatches(PLACES, B, T)
    parts = TokenBatches(PLACES, B, T, steps_per_epoch=4)
    assert len(whole) == 6 and len(parts) == 4
    for step in range(20):
        assert_same(parts.batch(*divmod(step, 4)), whole.batch(*divmod(step, 6)))


def test_seek():
    batches = TokenBatches(PLACES, B, T)
    batches.seek(3, 4)
    assert len(batches) == 2
    assert_same(batches[1], batches.batch(3, 5))
    with pytest.raises(IndexError, match=r"from 0 to 1. Received: 2"):
        batches[2]
    assert len(list(batches)) == 2


def test_arrays_on_the_disk_are_not_read_whole(tmp_path):
    np.save(tmp_path / "tokens.npy", PLACES.astype("uint16"))
    mapped = np.load(tmp_path / "tokens.npy", mmap_mode="r")
    batches = TokenBatches(mapped, B, T)
    assert isinstance(batches.token_ids, np.memmap)
    assert_same(batches[2], TokenBatches(PLACES, B, T)[2])


def test_dtypes_are_those_of_the_preprocessor():
    x, y, weights = TokenBatches(PLACES.astype("uint16"), B, T)[0]
    dtypes = {name: array.dtype.name for name, array in x.items()}
    assert dtypes == {"token_ids": "int32", "padding_mask": "int32"}
    assert (y.dtype, weights.dtype) == ("int32", "float32")


def recorded(batches):
    """The places that are asked for from now on, as (epoch, index)."""
    places, batch = [], batches.batch

    def record(epoch, index):
        places.append((epoch, index))
        return batch(epoch, index)

    batches.batch = record
    return places


def test_fit_reads_epoch_after_epoch():
    batches = TokenBatches(PLACES % VOCABULARY_SIZE, B, T)
    validation = TokenBatches(
        PLACES % VOCABULARY_SIZE, B, T, shuffle=False, drop_remainder=False
    )
    places = recorded(batches)
    history = next_token_model().fit(
        batches, epochs=3, shuffle=False, verbose=0, validation_data=validation
    )
    wanted = [(epoch, i) for epoch in range(3) for i in range(6)]
    assert places[-18:] == wanted
    assert batches.read_in_order
    assert len(history.history["val_loss"]) == 3


def test_evaluate_counts_each_token_once():
    token_ids = np.random.default_rng(0).integers(3, VOCABULARY_SIZE, N)
    model = next_token_model()
    batches = TokenBatches(token_ids, B, T, shuffle=False, drop_remainder=False)
    logs = model.evaluate(batches, verbose=0, return_dict=True)
    x = {"token_ids": token_ids[None], "padding_mask": np.ones((1, N), "int32")}
    right = model.predict(x, verbose=0)[0].argmax(-1) == np.roll(token_ids, -1)
    assert logs["accuracy"] == pytest.approx(right.mean())


def test_a_second_shuffle_by_keras_is_noticed():
    batches = TokenBatches(PLACES % VOCABULARY_SIZE, B, T)
    model = next_token_model()
    keras.utils.set_random_seed(1)
    model.fit(batches, shuffle=True, verbose=0)
    assert not batches.read_in_order


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"token_ids": [[3, 4], [5]]}, "one row of integers; `concatenate_documents`"),
        ({"token_ids": np.ones((4, 9), int)}, "one row of integers"),
        ({"token_ids": PLACES / 2}, "one row of integers"),
        ({"token_ids": [3, -1] * 50}, "ids from 0 on.* from -1 to 3"),
        ({"token_ids": [2**40] * 50}, "below 2\\*\\*31"),
        ({"token_ids": PLACES[:14]}, "one batch of 3 rows of 5.* 14 tokens.* 2 rows"),
        ({"token_ids": [], "drop_remainder": False}, "integers|at least one batch"),
        ({"batch_size": 0}, "`batch_size` must be an integer of at least 1"),
        ({"sequence_length": 2.5}, "`sequence_length` must be an integer"),
        ({"seed": -1}, "`seed` must be an integer of at least 0"),
        ({"steps_per_epoch": 0}, "`steps_per_epoch` must be an integer of at least 1"),
        ({"packing": False}, "`end_token_id` is needed"),
    ],
)
def test_bad_arguments(arguments, message):
    good = {"token_ids": PLACES, "batch_size": B, "sequence_length": T}
    with pytest.raises(ValueError, match=message):
        TokenBatches(**{**good, **arguments})


@pytest.mark.parametrize(("place", "name"), [((-1, 0), "epoch"), ((0, 6), "batch")])
def test_places_that_do_not_exist(place, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        TokenBatches(PLACES, B, T).seek(*place)
