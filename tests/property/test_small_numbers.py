"""No hidden number can be worked out: other tables that fit what is shown are made, by brute force."""

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from families.criteria.small_numbers import FEWEST_SHOWN, Sum, hidden

cells = st.one_of(st.integers(0, 3), st.integers(0, 40))


def table_of(rows):
    """A table with its totals: cells row by row, then each row's total, then each column's, then of all (known)."""
    height, width = len(rows), len(rows[0])
    values = [cell for row in rows for cell in row]
    row_total, column_total = height * width, height * width + height
    all_of_it = column_total + width
    sums = [Sum(row_total + i, tuple(range(i * width, (i + 1) * width))) for i in range(height)]
    sums += [Sum(column_total + j, tuple(range(j, height * width, width))) for j in range(width)]
    sums += [Sum(all_of_it, tuple(range(row_total, column_total)))]
    sums += [Sum(all_of_it, tuple(range(column_total, all_of_it)))]
    values += [sum(row) for row in rows] + [sum(column) for column in zip(*rows, strict=True)]
    return [*values, sum(map(sum, rows))], sums, all_of_it


def possible(values, sums, hide, cells_only):
    """Ways to fill the hidden numbers, near the true ones, by which the sums still hold; a hidden one is no nought."""
    free = [place for place in range(cells_only) if hide[place]]
    for filled in product(*(range(max(1, values[place] - 1), values[place] + 2) for place in free)):
        made = list(values)
        for place, value in zip(free, filled, strict=True):
            made[place] = value
        for each in sums:
            if each.total < len(values) - 1 and each.total >= cells_only:
                made[each.total] = sum(made[part] for part in each.parts)
        is_shown_right = all(made[place] == values[place] for place in range(len(values)) if not hide[place])
        if is_shown_right and all(made[each.total] == sum(made[part] for part in each.parts) for each in sums):
            yield made


def check(rows):
    values, sums, all_of_it = table_of(rows)
    hide = hidden(values, sums, known={all_of_it})
    assert not hide[all_of_it]
    assert all(hide[place] for place in range(all_of_it) if 0 < values[place] < FEWEST_SHOWN)
    if all(hide[:all_of_it]):
        return  # nothing but the whole is shown
    made = list(possible(values, sums, hide, len(rows) * len(rows[0])))
    for place in range(all_of_it):
        if hide[place]:
            assert len({each[place] for each in made}) > 1, (rows, hide, place)


@given(st.lists(cells, min_size=2, max_size=5))
@settings(max_examples=80, deadline=None)
@example([1, 1, 9, 9])
@example([3, 9, 9])
@example([5, 5, 9])
def test_in_one_row_no_hidden_number_is_the_only_one_possible(row):
    values = [*row, sum(row)]
    hide = hidden(values, [Sum(len(row), tuple(range(len(row))))], known={len(row)})
    if all(hide[:-1]):
        return
    free = [place for place in range(len(row)) if hide[place]]
    wanted = sum(row[place] for place in free)
    fits = [fill for fill in product(*(range(1, row[place] + 2) for place in free)) if sum(fill) == wanted]
    for number in range(len(free)):
        assert len({fill[number] for fill in fits}) > 1


@given(st.lists(st.tuples(cells, cells), min_size=2, max_size=2))
@settings(max_examples=60, deadline=None)
@example([(1, 9), (9, 9)])
@example([(3, 0), (9, 9)])
def test_in_a_table_of_two_by_two(rows):
    check(rows)


@given(st.lists(st.tuples(cells, cells, cells), min_size=2, max_size=2))
@settings(max_examples=40, deadline=None)
def test_in_a_table_of_two_by_three(rows):
    check(rows)


def test_tables_that_share_their_totals_are_hidden_together():
    """A column's total hidden in one table is not given away by another that adds up to it."""
    # by sex: (20, 2) (10, 1); by age: (18, 3) (12, 0): totals (30, 3)
    values = [30, 3, 33, 20, 2, 22, 10, 1, 11, 18, 3, 21, 12, 0, 12]
    sums = [
        Sum(2, (0, 1)), Sum(5, (3, 4)), Sum(8, (6, 7)), Sum(11, (9, 10)), Sum(14, (12, 13)),
        Sum(0, (3, 6)), Sum(1, (4, 7)), Sum(0, (9, 12)), Sum(1, (10, 13)), Sum(2, (5, 8)), Sum(2, (11, 14)),
    ]  # fmt: skip
    hide = hidden(values, sums, known={2})
    by_age = {9: 18, 10: 3, 12: 12, 13: 0}
    assert all(hide[place] for place, value in enumerate(values) if 0 < value < FEWEST_SHOWN)
    assert hide[0], "the other total of the row gives the hidden one away"
    assert any(hide[place] for place in by_age if by_age[place] > FEWEST_SHOWN)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ([0, 0, 40], [0, 0, 40]),  # a nought is shown
        ([6, 7, 40], [6, 7, 40]),
        ([5, 7, 40], [None, None, 40]),  # the smallest other one goes with it
        ([2, 3, 40], [None, None, 40]),
        ([1, 1, 40], [None, None, None]),  # two ones would be known from their sum
        ([3, 0, 0], [None, None, None]),
    ],
)
def test_what_is_shown(row, shown):
    hide = hidden([*row, sum(row)], [Sum(len(row), tuple(range(len(row))))], known={len(row)})
    assert [None if gone else value for value, gone in zip(row, hide, strict=False)] == shown
