import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from lockstep.core.memo import Memo
from tests.kit import flat_rows, make_bars


def doubled(values, factor=2):
    return values * factor


def test_a_result_is_computed_once_for_the_same_array_and_the_same_numbers():
    memo, values = Memo(), np.arange(3.0)
    first = memo(doubled, values, 2)
    assert memo(doubled, values, 2) is first
    assert memo(doubled, values, 3).tolist() == [0.0, 3.0, 6.0]
    assert (memo.hits, memo.misses) == (1, 2)


def test_an_equal_array_elsewhere_in_memory_is_another_input():
    memo, values = Memo(), np.arange(3.0)
    assert memo(doubled, values) is not memo(doubled, values.copy())


def test_an_array_that_is_gone_never_lends_its_identity_to_another():
    memo = Memo()
    for number in range(200):
        assert memo(doubled, np.full(5, float(number))).tolist() == [2.0 * number] * 5


def test_whole_and_broken_numbers_are_different_inputs():
    memo, values = Memo(), np.arange(3)
    assert memo(doubled, values, 2).dtype.kind == "i"
    assert memo(doubled, values, 2.0).dtype.kind == "f"


def test_the_least_used_result_goes_first_and_the_newest_always_stays():
    memo = Memo(room=2 * 80)
    one, two, three = (np.full(10, float(n)) for n in range(3))
    first = memo(doubled, one)
    memo(doubled, two)
    assert memo(doubled, one) is first
    memo(doubled, three)
    assert memo(doubled, one) is first
    misses = memo.misses
    memo(doubled, two)
    assert memo.misses == misses + 1
    assert len(memo(doubled, np.zeros(1000))) == 1000


def test_bars_remember_only_when_asked_to():
    bars = make_bars("EURUSD", flat_rows(1.1, 4))
    assert bars.computed(doubled, bars.close) is not bars.computed(doubled, bars.close)
    keen = bars.remembering()
    assert keen.computed(doubled, keen.close) is keen.computed(doubled, keen.close)
    assert keen.cut(slice(0, 2)).memo is None


def test_a_copy_in_another_process_begins_empty():
    memo = Memo(room=1000)
    memo(doubled, np.arange(3.0))
    there = pickle.loads(pickle.dumps(memo))
    assert (there.room, there.hits, there.misses, len(there._kept)) == (1000, 0, 0, 0)


def test_threads_that_ask_at_once_are_given_the_same_array():
    memo, prices = Memo(), np.arange(3.0)
    gate = threading.Barrier(2)

    def slow(values):
        gate.wait(10)
        return values * 2

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: memo(slow, prices), range(2))
    assert one is other
    assert memo.misses == 2
