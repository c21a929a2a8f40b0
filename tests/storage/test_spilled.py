"""Values on disk come back in their order, over all groups or group by group; a scratch database that spills is one like others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from aggregator.storage.spilled import Order, spilled

ORDERS: st.SearchStrategy[Order] = st.tuples(
    st.integers(0, 1), st.sampled_from(["2026-01-01", "2026-01-02"]), st.sampled_from("ab"), st.integers(0, 9)
)


@given(st.lists(st.lists(ORDERS, unique=True, max_size=6), max_size=3))
def test_values_come_in_their_order(groups: list[list[Order]]) -> None:
    given_in = [(group, order) for group, orders in enumerate(groups) for order in orders]
    with spilled() as kept:
        for group, orders in enumerate(groups):
            kept.add(group, ((order, repr((group, order)).encode()) for order in orders))
        assert len(kept) == len(given_in)
        assert list(kept.by_group()) == [repr(one).encode() for one in sorted(given_in)]
        in_order = sorted(given_in, key=lambda one: (one[1], one[0]))
        assert list(kept.in_order()) == [repr(one).encode() for one in in_order]


def test_a_scratch_database_that_spills_undoes_what_fails() -> None:
    with Store(None, spilling=True) as store:
        try:
            with store.transaction() as db:
                db.execute("INSERT INTO fact (name, value) VALUES ('a', 'x')")
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert store.connection.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone() == (0,)
        assert faults(store.connection, store.path) == ()
