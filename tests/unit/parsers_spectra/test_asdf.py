"""The packed forms of ordinates, against writers of the same forms and the examples of the paper."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.parsers.spectra.formats.asdf import Grid, Groups, Ordinates, half_unit
from functions.parsers.spectra.formats.text import Unreadable
from tests.unit.parsers_spectra import jcamp_files

FORMS = (
    jcamp_files.affn,
    jcamp_files.pac,
    jcamp_files.sqz,
    jcamp_files.dif,
    jcamp_files.difdup,
    jcamp_files.sqzdup,
)
Form = Callable[[Sequence[int], int, int], Iterator[str]]


def read(table: str, grid: Grid | None = None) -> Ordinates:
    ordinates = Ordinates(grid)
    data = table.encode()
    ordinates.read(data, 0, len(data))
    return ordinates


# McDonald and Wilks 1988, table of the ASDF forms: one spectrum in all of them.
PAPER = [1, 2, 3, 3, 2, 1, 0, -1, -2, -3]


@pytest.mark.parametrize(
    "line",
    [
        "1 1 2 3 3 2 1 0 -1 -2 -3",
        "1    1    2    3    3    2    1    0   -1   -2   -3",
        "1+1+2+3+3+2+1+0-1-2-3",
        "1ABCCBA@abc",
        "1AJJ%jjjjjj",
        "1AJT%jX",
        "1ABCTBA@abc",
        "1,1,2,3,3,2,1,0,-1,-2,-3",
        "1 1.0 2.E+00 3 30E-01 2 1 0 -1 -.2E+01 -3",
    ],
)
def test_one_spectrum_reads_the_same_in_every_form(line: str) -> None:
    assert read(line).values.tolist() == PAPER


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@given(
    values=st.lists(st.integers(-999_999, 999_999) | st.integers(-2, 2), min_size=1, max_size=60),
    first=st.integers(0, 900),
    per_line=st.integers(1, 9),
)
def test_what_a_form_packs_is_unpacked(form: Form, values: list[int], first: int, per_line: int) -> None:
    table = read("\n".join(form(values, first, per_line)), Grid(float(first), 1.0, 1.0))
    assert table.values.tolist() == values
    assert (table.x_failures, table.y_failures, table.unreadable) == (0, 0, 0)
    assert table.x_checks >= len(values) / per_line


def test_a_line_of_differences_is_checked_by_the_next() -> None:
    good = read("0A0J5J\n2A6J\n3A7", Grid(0, 1, 1))
    assert (good.values.tolist(), good.y_checks, good.y_failures) == ([10, 25, 26, 17], 2, 1)
    assert good.first_failure["y"] == len("0A0J5J\n")
    assert read("0A0JJ\n2A2J\n3A3", Grid(0, 1, 1)).y_failures == 0


def test_a_writer_that_repeats_nothing_is_told_by_its_abscissas() -> None:
    table = read("0A0JJ\n3A5J\n5A9", Grid(0, 1, 1))
    assert table.values.tolist() == [10, 11, 12, 15, 16, 19]
    assert (table.x_failures, table.y_failures) == (0, 0)


def test_a_lost_line_is_seen_in_the_abscissas() -> None:
    table = read("0 1 2 3\n6 7 8 9", Grid(0, 1, 1))
    assert (table.x_checks, table.x_failures, table.first_failure["x"]) == (2, 1, 8)


def test_missing_values_and_comments() -> None:
    table = read("0 1 ? 3 $$ 77\n$$ 9 9 9\n3 4")
    assert table.missing == 1
    assert math.isnan(table.values[1])
    assert [table.values[0], *table.values[2:]] == [1, 3, 4]


@pytest.mark.parametrize("line", ["0 1 2 x& 3", "& 5", "0A1.2.3", "0 S5", "0 1E+999", "0 " + "9" * 400])
def test_what_no_form_has_is_counted_and_does_no_harm(line: str) -> None:
    table = read(f"0 1\n{line}\n1 2")
    assert table.unreadable
    assert table.values[0] == 1
    assert all(not math.isinf(value) for value in table.values)


@pytest.mark.parametrize("line", ["0A0S99999999999", "0AJZ" + "9" * 30, "0 1 " + "T9999999" * 3])
def test_a_count_that_no_spectrum_has_is_refused(line: str) -> None:
    with pytest.raises(Unreadable, match="more than"):
        read(line)


def test_groups_are_read_line_by_line() -> None:
    table = "1,2;3,4 5 6\n7 8 9\n(1e3, -.5)\n"
    groups = Groups(2)
    groups.read(table.encode(), 0, len(table))
    assert [column.tolist() for column in groups.columns] == [[1, 3, 5, 7, 1000], [2, 4, 6, 8, -0.5]]
    assert (groups.unreadable, groups.first_failure) == (1, {"unreadable": 12})


@pytest.mark.parametrize(
    ("text", "expected"), [("1.25", 0.005), ("7", 0.5), ("1.5E+02", 5.0), ("x", 0.5), ("1e9e9", 0.0)]
)
def test_half_of_the_last_digit(text: str, expected: float) -> None:
    assert half_unit(text) == pytest.approx(expected)
