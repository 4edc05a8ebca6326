from pathlib import Path

import pytest

from features.catalogue import features_of
from training.as_of_grid import ExperimentError, weeks_of
from training.config import Experiment, experiment_of, load_experiment


def test_the_file_that_ships_says_what_the_code_defaults_to() -> None:
    assert load_experiment() == Experiment()


def test_an_unknown_key_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(ExperimentError, match=r"unknown key 'horizn'; the nearest are horizon"):
        experiment_of({"horizn": 13})


def test_an_unknown_key_of_a_table_is_refused_with_its_place() -> None:
    with pytest.raises(ExperimentError, match=r"origins: unknown key 'spacing'.*spacing_weeks"):
        experiment_of({"origins": {"spacing": 4}})


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"horizon": "long"}, 'horizon: expected "auto" or weeks'),
        ({"horizon": 0}, "horizon of 1 week or more"),
        ({"horizon": True}, 'horizon: expected "auto" or weeks'),
        ({"heads": ["bucket", "churn"]}, "heads"),
        ({"threads": 1.5}, "threads: expected a count"),
        ({"origins": {"spacing_weeks": "13"}}, r"origins.spacing_weeks: expected a count"),
        ({"origins": {"max_count": 0}}, "of at least 1"),
        ({"as_of_grid": {"deals": "daily"}}, "as_of_grid"),
        ({"as_of_grid": "monthly"}, "as_of_grid: expected a table"),
        ({"commitment": {"stage": "offer"}}, "commitment: expected stage, days"),
        ({"warm_up_weeks": ["x"]}, "warm_up_weeks: expected weeks"),
        ({"tuning": {"trial": 12}}, r"tuning: unknown key 'trial'; the nearest are trials"),
        ({"tuning": {"trials": "12"}}, r"tuning\.trials: expected a count"),
        ({"tuning": {"trials": -1}}, r"tuning\.trials: expected a count"),
        ({"tuning": 12}, "tuning: expected a table"),
        ({"features": {"only": ["stage_positio"]}}, "only: unknown key 'stage_positio'"),
        ({"features": {"only": ["account.stage_position"]}}, "only: unknown key"),
        ({"features": {"only": ["stage_position"], "exclude": ["x"]}}, "got both"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(found: dict[str, object], words: str) -> None:
    with pytest.raises(ExperimentError, match=words):
        experiment_of(found)


def test_features_that_alone_are_kept_leave_out_the_rest_of_the_catalogue() -> None:
    asked = {"only": ["account.touches_31_90d", "stage_position"]}

    found = experiment_of({"features": asked})

    everything = {f"{e}.{f.name}" for e in ("account", "deal") for f in features_of(e)}
    kept = everything - set(found.features.exclude)
    assert kept == {"account.touches_31_90d", "deal.stage_position"}
    assert found.to_mapping()["features"] == asked
    assert found.to_mapping() != Experiment().to_mapping()


def test_a_recipe_that_keeps_all_features_reads_as_before_there_was_a_choice() -> None:
    assert Experiment().to_mapping()["features"] == {"exclude": []}


def test_a_file_is_read_with_its_name_and_its_policy_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "offers.toml"
    file.write_text(
        'horizon = 4\nheads = ["slip"]\npolicy = "ours.toml"\n'
        "[commitment]\nstage = 'offer'\ndays = 21\n[features]\nexclude = ['amount_log']\n"
    )

    found = load_experiment(file)

    assert (found.name, found.horizon, found.heads) == ("offers", 4, ("slip",))
    assert found.policy == tmp_path / "ours.toml"
    assert found.commitment is not None
    assert found.commitment.days == 21
    assert found.features.exclude == ("amount_log",)


def test_a_file_that_is_no_toml_says_so(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("horizon = = 4")

    with pytest.raises(ExperimentError, match=r"broken\.toml: expected TOML"):
        load_experiment(file)


def test_the_mapping_of_a_recipe_reads_back_as_the_same_recipe() -> None:
    recipe = experiment_of(
        {"horizon": 13, "as_of_grid": {"accounts": "weekly:4"}, "tuning": {"trials": 3}}
    )
    plain = {
        key: value
        for key, value in recipe.to_mapping().items()
        if key not in {"name", "commitment", "policy"}
    }

    assert experiment_of(plain) == recipe


def test_a_rhythm_of_no_weeks_is_refused() -> None:
    with pytest.raises(ExperimentError, match="weekly:N"):
        weeks_of("weekly:0")


def test_the_trials_of_a_search_are_read_and_told() -> None:
    found = experiment_of({"tuning": {"trials": 12}})

    assert found.tuning.trials == 12
    assert found.to_mapping()["tuning"] == {"trials": 12}


def test_a_recipe_that_tries_no_settings_reads_as_before_there_was_a_search() -> None:
    assert Experiment().tuning.trials == 0
    assert "tuning" not in Experiment().to_mapping()
