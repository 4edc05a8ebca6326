from dataclasses import replace

import pytest

from features.catalogue import ACCOUNT, DEAL, contract_hash
from features.feature import Feature
from models.card import Contest, Figure, card_from_json
from models.contract import ContractError, contract_of
from models.document import DocumentError


def columns(*names: str, **changed: object) -> list[Feature]:
    return [
        Feature(
            name=name,
            meaning=name,
            unit=str(changed.get("unit", "count")),
            concept="engagement",
            needs=(),
            null_means="not recorded",
            sentence="{value}",
            direction=changed.get("direction", {}),  # type: ignore[arg-type]
            vocabulary=changed.get("vocabulary", ()),  # type: ignore[arg-type]
        )
        for name in names
    ]


def kinds(*vocabulary: str) -> list[Feature]:
    return columns("kind", unit="category", vocabulary=vocabulary)


def test_a_card_read_back_is_the_same(parts):
    card = replace(
        parts.card,
        contests={
            "slip": Contest(
                metrics={"stage_age": {"log_loss": Figure(0.5, 0.48, None)}},
                winner="stage_age",
                served="stage_age",
                sentence="the table won",
            )
        },
        switched_off={"late_days": ("invoices.due_on",)},
        badges=("short history",),
    )

    assert card_from_json(card.to_json()) == card


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"experiment": "default"', '"experiment": 7'),
        ('"experiment": "default"', '"experiments": "default"'),
        ('"horizon_weeks": 26', '"horizon_weeks": "26"'),
        ('"horizon_weeks": 26', '"horizon_weeks": 26, "more": 1'),
    ],
)
def test_a_card_of_another_shape_is_refused(parts, old, new):
    text = parts.card.to_json()
    assert old in text

    with pytest.raises(DocumentError, match=r"card\.json: expected ModelCard, found at"):
        card_from_json(text.replace(old, new))


def test_every_card_says_what_the_model_must_not_be_used_for(parts):
    assert "discipline sellers" in parts.card.to_json()


def test_the_contract_hash_depends_on_order_unit_direction_and_words_of_the_features():
    hashes = {
        contract_of(columns("a", "b"), []).contract_hash(),
        contract_of(columns("b", "a"), []).contract_hash(),
        contract_of(columns("a", "b", unit="days"), []).contract_hash(),
        contract_of(columns("a", "b", direction={"walk": 1}), []).contract_hash(),
        contract_of(kinds("email", "call"), []).contract_hash(),
        contract_of(kinds("call", "email"), []).contract_hash(),
    }

    assert len(hashes) == 6


def test_the_hash_of_a_contract_of_numbers_is_what_it_was_before_there_were_categories():
    contract = contract_of(columns("a", direction={"walk": 1}), columns("b"))

    assert contract.contract_hash() == (
        "b577874e1e7301684c3bd15ba479daf3594c32bd2c603b13f186c60b0273d069"
    )


def test_another_vocabulary_is_refused_naming_the_feature_and_both_lists():
    contract = contract_of([*columns("a"), *kinds("email", "call")], [])

    contract.check([*columns("a"), *kinds("email", "call")], [])
    with pytest.raises(ContractError) as refusal:
        contract.check([*columns("a"), *kinds("email", "fax", "call")], [])
    assert str(refusal.value) == (
        "account feature 1 kind: the model expects the vocabulary ['email', 'call'], "
        "found ['email', 'fax', 'call']"
    )


def test_a_model_and_the_catalogue_mean_the_same_by_the_contract_hash():
    assert contract_of(ACCOUNT, DEAL).contract_hash() == contract_hash((*ACCOUNT, *DEAL))


def test_another_catalogue_is_refused_naming_the_first_difference():
    contract = contract_of(columns("a", "b"), columns("c"))

    contract.check(columns("a", "b"), columns("c"))
    with pytest.raises(ContractError, match=r"account feature 1: the model expects .*'b'"):
        contract.check(columns("a"), columns("c"))
    with pytest.raises(ContractError, match=r"deal feature 0: .*'days'"):
        contract.check(columns("a", "b"), columns("c", unit="days"))
