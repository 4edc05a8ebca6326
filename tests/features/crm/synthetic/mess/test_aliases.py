"""Under which other name a company is entered again."""

import polars as pl
import pytest

from features.crm.synthetic.mess.aliases import alias

FORM, CASE, TYPO = 0.1, 0.5, 0.9


def other(name: str | None, *, kind: float, letter: float = 0.5, country: str | None = "DE") -> str:
    row = {"name": [name], "country": [country], "_kind": [kind], "_letter": [letter]}
    frame = pl.DataFrame(row, schema_overrides={"name": pl.String, "country": pl.String})
    return frame.select(alias())["name"][0]


@pytest.mark.parametrize(
    ("name", "country", "expected"),
    [
        ("Elmdale Systems", "DE", "Elmdale Systems GmbH"),
        ("Elmdale Systems", "GB", "Elmdale Systems Ltd"),
        ("Elmdale Systems", None, "Elmdale Systems Inc."),
        ("Elmdale Systems GmbH", "DE", "Elmdale Systems"),
        ("Elmdale Systems, Inc.", "US", "Elmdale Systems"),
        ("Elmdale Limited", "GB", "Elmdale"),
        ("Incel", "US", "Incel Inc."),
    ],
)
def test_a_legal_form_is_put_in_or_left_out(name: str, country: str | None, expected: str) -> None:
    assert other(name, kind=FORM, country=country) == expected


def test_all_letters_become_capitals() -> None:
    assert other("Elmdale Systems", kind=CASE) == "ELMDALE SYSTEMS"


@pytest.mark.parametrize(("letter", "expected"), [(0.0, "Fur"), (0.4, "For"), (0.99, "Fou")])
def test_one_letter_behind_the_first_gets_lost(letter: float, expected: str) -> None:
    assert other("Four", kind=TYPO, letter=letter) == expected


def test_a_company_without_a_name_has_no_alias() -> None:
    assert [other(None, kind=kind) for kind in (FORM, CASE, TYPO)] == [None, None, None]
