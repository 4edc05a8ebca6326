import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from serving.settings import SESSION_SECRET_FILE, Settings


def secret_of(home: Path) -> bytes:
    return Settings(home=home).session_secret


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bucketlist.toml").write_text('currency = "CHF"\ntime_zone = "Europe/Zurich"\n')
    monkeypatch.setenv("BUCKETLIST_CURRENCY", "EUR")

    settings = Settings(home=tmp_path)

    assert (settings.currency, settings.time_zone, settings.locale) == (
        "EUR",
        "Europe/Zurich",
        "en-US",
    )


def test_the_file_is_also_found_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bucketlist.toml").write_text("fiscal_year_start_month = 7\n")
    monkeypatch.chdir(tmp_path)

    settings = Settings(home=tmp_path / "home")

    assert settings.calendar.fiscal_year_start_month == 7


def test_a_key_that_no_setting_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bucketlist.toml").write_text('curency = "CHF"\n')

    with pytest.raises(ValidationError, match="curency"):
        Settings(home=tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("fiscal_year_start_month", 13),
        ("batch_limit", 1001),
        ("currency", "chf"),
    ],
)
def test_nonsense_is_refused(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises((ValidationError, ValueError, KeyError)):
        Settings.model_validate({"home": tmp_path, name: value})


def test_secrets_are_masked_wherever_the_settings_are_printed(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path, salt="pepper-and-salt", database_url="postgresql://joe:hunter2@db/x"
    )

    printed = f"{settings} {settings!r} {settings.model_dump_json()}"

    assert "hunter2" not in printed
    assert "pepper" not in printed


def test_a_refusal_does_not_repeat_what_was_put_in(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as refusal:
        Settings.model_validate({"home": tmp_path, "database_url": ["hunter2"]})

    assert "hunter2" not in str(refusal.value)


def test_the_session_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = Settings(home=tmp_path).session_secret
    second = Settings(home=tmp_path).session_secret

    mode = stat.S_IMODE((tmp_path / SESSION_SECRET_FILE).stat().st_mode)
    assert first == second
    assert len(first) >= 43
    assert mode == 0o600


def test_of_many_first_starts_one_makes_the_secret_and_all_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        secrets = list(pool.map(secret_of, [tmp_path] * 32))

    assert len(set(secrets)) == 1
    assert [file.name for file in tmp_path.iterdir()] == [SESSION_SECRET_FILE]


def test_the_names_of_a_server_are_those_listed_else_loopback_and_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loopback = {"127.0.0.1", "::1", "localhost"}
    monkeypatch.setenv("BUCKETLIST_ALLOWED_HOSTS", '["crm.example"]')
    listed = Settings(home=tmp_path)
    monkeypatch.delenv("BUCKETLIST_ALLOWED_HOSTS")

    assert listed.names == {"crm.example"}
    assert Settings(home=tmp_path).names == loopback
    assert Settings(home=tmp_path, host="CRM.example").names == {*loopback, "crm.example"}


@pytest.mark.parametrize("name", ["*", "", "CRM.example", "http://crm.example"])
def test_what_is_no_name_of_a_server_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValidationError, match="allowed_hosts"):
        Settings(home=tmp_path, allowed_hosts=(name,))
