from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.report import layout
from lockstep.report.layout import Column

AMOUNTS = st.floats(-1e9, 1e9)


def test_a_table_aligns_numbers_to_the_right_and_rules_off_its_total():
    columns = [
        Column("|asset", ["A", "LONG", "TOTAL"], left=True),
        Column("net|USD", ["1.00", "-20.00", "-19.00"]),
    ]
    assert layout.table(columns, below=1) == [
        "            net",
        "  asset     USD",
        "  -------------",
        "  A        1.00",
        "  LONG   -20.00",
        "  -------------",
        "  TOTAL  -19.00",
    ]


def test_the_continuation_of_a_table_leaves_out_totals_that_say_nothing_there():
    columns = [
        Column("name", ["A", "B", "(rounding)", "TOTAL"], left=True),
        Column("one" * 10, ["1", "2", "0.01", "3"]),
        Column("two" * 10, ["4", "5", "", ""]),
    ]
    lines = layout.table(columns, below=2, width=50)
    assert [line.split() for line in lines[-4:]] == [
        ["name", "two" * 10],
        ["-" * 42],
        ["A", "4"],
        ["B", "5"],
    ]


def test_a_wide_table_goes_on_below_with_its_first_column_repeated():
    columns = [Column("asset", ["A"], left=True)]
    columns += [Column(f"column{n:02d}", ["1,000.00"]) for n in range(30)]
    lines = layout.table(columns)
    heads = [line for line in lines if line.startswith("  asset")]
    assert len(heads) == 4
    assert max(map(len, lines)) <= layout.WIDTH
    assert " ".join(heads).split().count("asset") == 4
    assert sum("column29" in line for line in lines) == 1


@given(st.lists(AMOUNTS, min_size=1, max_size=20))
def test_printed_cents_and_the_rounding_row_add_up_to_the_printed_total(parts):
    cells, rest, total = layout.cents(parts, sum(parts))
    printed = [*cells, *([rest] if rest else [])]
    added = sum((Decimal(cell.replace(",", "")) for cell in printed), Decimal(0))
    assert added == Decimal(total.replace(",", ""))
    assert not any(cell.startswith("-0.00") for cell in [*printed, total])


def test_three_thirds_show_the_cent_that_rounding_loses():
    assert layout.cents([1 / 3, 1 / 3, 1 / 3], 1.0) == (["0.33", "0.33", "0.33"], "0.01", "1.00")


def test_a_box_wraps_long_lines_and_stays_within_the_page():
    lines = layout.box(["short", "---", "word " * 60])
    assert {len(line) for line in lines} == {layout.WIDTH}
    assert lines[2] == "+" + "-" * 98 + "+"


def test_items_stand_side_by_side_only_where_they_fit():
    assert layout.side_by_side(["a", "b", "c"]) == ["  a" + " " * 48 + "b", "  c"]
    long = "x" * 60
    assert layout.side_by_side([long, "b"]) == [f"  {long}", "  b"]


@pytest.mark.parametrize("text", ["x" * 300, "a\nb", "word " * 80])
def test_a_paragraph_never_leaves_the_page(text):
    assert all(len(line) <= layout.WIDTH for line in layout.paragraph(text))


def test_pairs_hang_their_values_under_each_other():
    lines = layout.pairs([("Name", "word " * 30)], label=10)
    assert lines[0].startswith("  Name        word")
    assert lines[1].startswith(" " * 14 + "word")
