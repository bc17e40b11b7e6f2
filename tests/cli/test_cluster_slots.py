"""Which worker does which job."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockstep.cli.cluster_slots import Slots

THREADS = {"a": 2, "b": 1}


def test_every_thread_takes_one_job_the_emptiest_worker_first():
    slots = Slots()
    placed = [slots.place(job, THREADS, alone=False) for job in range(4)]
    assert placed == ["a", "a", "b", None]


def test_a_freed_thread_takes_the_next_job():
    slots = Slots()
    for job in range(3):
        slots.place(job, THREADS, alone=False)
    slots.free(2)
    assert slots.place(3, THREADS, alone=False) == "b"


def test_a_job_that_was_lost_before_has_a_worker_to_itself():
    slots = Slots()
    assert slots.place("one", THREADS, alone=False) == "a"
    assert slots.place("lost", THREADS, alone=True) == "b"
    slots.free("one")
    assert slots.place("lost too", THREADS, alone=True) == "a"
    assert slots.place("other", THREADS, alone=False) is None
    slots.free("lost too")
    assert slots.place("other", THREADS, alone=False) == "a"


def test_a_lost_job_waits_until_a_worker_is_empty():
    slots = Slots()
    assert slots.place("one", {"a": 2}, alone=False) == "a"
    assert slots.place("lost", {"a": 2}, alone=True) is None
    slots.free("one")
    assert slots.place("lost", {"a": 2}, alone=True) == "a"


def test_workers_that_are_gone_take_their_jobs_along_and_new_ones_begin_empty():
    slots = Slots()
    assert slots.place(1, {"a": 1}, alone=True) == "a"
    assert slots.place(2, {"b": 1}, alone=False) == "b"
    slots.free(1)
    assert slots.place(3, {"a": 1, "b": 1}, alone=False) == "a"
    assert slots.place(4, {}, alone=False) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_no_worker_has_more_jobs_than_threads_and_a_lost_job_has_no_company(steps):
    slots, at = Slots(), {}
    for number, (freed, alone) in enumerate(steps):
        if freed in at:
            slots.free(freed)
            del at[freed]
        job = number % 6
        if job not in at and (address := slots.place(job, THREADS, alone=alone)) is not None:
            at[job] = (address, alone)
        for worker, threads in THREADS.items():
            here = [lost for address, lost in at.values() if address == worker]
            assert len(here) <= threads
            assert not any(here) or len(here) == 1
