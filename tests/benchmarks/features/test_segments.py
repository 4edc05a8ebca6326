from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.features.segments import Segments

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
SECOND = datetime(2025, 2, 1, tzinfo=UTC)


def test_time_is_cut_at_every_as_of_and_every_beginning_of_a_window() -> None:
    segments = Segments.of([SECOND, FIRST, SECOND], [90, 31])

    days = timedelta(days=1)
    assert segments.as_ofs == (FIRST, SECOND)
    assert segments.bounds == (FIRST - 90 * days, FIRST - 59 * days, FIRST - 31 * days, FIRST,
                               SECOND)  # fmt: skip


def test_a_mask_holds_the_windows_that_contain_the_segment() -> None:
    segments = Segments.of([FIRST, SECOND], [31])

    masks = segments.masks([31])

    # before all, January's window, February's window, after all
    assert masks == [0, 0b01, 0b10, 0]


def test_a_wider_window_has_bits_of_its_own() -> None:
    segments = Segments.of([FIRST], [30, 90])

    masks = segments.masks([30, 90])

    assert masks == [0, 0b10, 0b11, 0]


def test_a_band_is_the_shortest_window_around_a_segment() -> None:
    bands = Segments.of([FIRST], [30, 90]).bands()

    assert bands.startswith("(VALUES (2, TIMESTAMPTZ '2025-01-01T00:00:00+00:00', 30), (1, ")
    assert "90)) AS bands" in bands


def test_more_pairs_than_bits_are_refused() -> None:
    many = [FIRST + timedelta(days=30 * number) for number in range(32)]

    with pytest.raises(ValueError, match="at most 62 pairs of as_of and window, got 32 and 2"):
        Segments.of(many, [30, 90]).masks([30, 90])


def test_no_as_of_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one as_of, got none"):
        Segments.of([], [30])
