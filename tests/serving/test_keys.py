from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from serving.settings import Settings
from serving.store import audit, keys, sessions
from serving.store.engine import Store
from serving.store.tables import API_KEYS, SESSIONS, SIGN_IN_LINKS

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def new_key(store: Store, *, expires_at: datetime | None = None) -> keys.NewKey:
    request = keys.KeyRequest("rep", "rep-1", expires_at)
    return keys.add_key(store, request, now=NOW, who="machine")


def test_a_key_is_found_again_by_its_secret(any_store: Store) -> None:
    made = new_key(any_store)

    found = keys.find_key(any_store, made.secret, now=NOW)

    assert found == made.record
    assert made.secret.startswith("blk_")
    assert len(made.secret) == len("blk_") + 43


@pytest.mark.parametrize("spoil", [str.lower, lambda secret: secret[:12], lambda _: "", "x".join])
def test_nothing_but_the_whole_secret_opens(store: Store, spoil) -> None:
    made = new_key(store)

    assert keys.find_key(store, spoil(made.secret), now=NOW) is None


def test_an_expired_key_is_no_key(store: Store) -> None:
    made = new_key(store, expires_at=NOW + HOUR)

    assert keys.find_key(store, made.secret, now=NOW + HOUR - timedelta(microseconds=1))
    assert keys.find_key(store, made.secret, now=NOW + HOUR) is None


def test_a_revoked_key_is_no_key_at_once_and_is_revoked_once(any_store: Store) -> None:
    made = new_key(any_store)

    first = keys.revoke_key(any_store, made.record.key_id, now=NOW, who="machine")
    second = keys.revoke_key(any_store, made.record.key_id, now=NOW, who="machine")

    assert (first, second) == (True, False)
    assert keys.find_key(any_store, made.secret, now=NOW) is None


def test_no_secret_is_written_anywhere(store: Store, settings: Settings) -> None:
    made = new_key(store)
    link = sessions.make_link(store, made.record.key_id, now=NOW)
    token = sessions.redeem_link(store, link, now=NOW)
    store.close()

    files = [file.read_bytes() for file in Path(settings.home).iterdir() if file.is_file()]

    assert token is not None
    for secret in (made.secret, link, token):
        assert not any(secret.encode() in content for content in files)
    assert made.secret not in repr(made)


@pytest.mark.parametrize(
    ("role", "rep_id"), [("rep", None), ("manager", ""), ("admin", "rep-1"), ("boss", None)]
)
def test_a_role_and_a_rep_that_do_not_go_together_are_refused(role, rep_id) -> None:
    with pytest.raises(ValueError, match="expected"):
        keys.KeyRequest(role, rep_id)


def test_keys_are_listed_in_the_order_of_their_making_with_the_role(store: Store) -> None:
    made = new_key(store)
    request = keys.KeyRequest("admin")
    later = keys.add_key(store, request, now=NOW + HOUR, who="machine")

    listed = keys.list_keys(store)

    assert [record.key_id for record in listed] == [made.record.key_id, later.record.key_id]
    assert keys.has_live_key(store, "admin", now=NOW + HOUR)
    assert not keys.has_live_key(store, "crm", now=NOW)


def test_a_link_signs_in_once(any_store: Store) -> None:
    made = new_key(any_store)
    link = sessions.make_link(any_store, made.record.key_id, now=NOW)

    token = sessions.redeem_link(any_store, link, now=NOW)
    again = sessions.redeem_link(any_store, link, now=NOW)

    assert token is not None
    assert again is None
    assert sessions.find_session(any_store, token, now=NOW) == made.record


def test_a_link_is_worth_nothing_after_a_quarter_of_an_hour(store: Store) -> None:
    link = sessions.make_link(store, new_key(store).record.key_id, now=NOW)

    assert sessions.redeem_link(store, link, now=NOW + timedelta(minutes=15)) is None


def test_a_session_ends_after_eight_hours(store: Store) -> None:
    token = sessions.start_session(store, new_key(store).record.key_id, now=NOW)

    assert token is not None
    assert sessions.find_session(store, token, now=NOW + 8 * HOUR - timedelta(seconds=1))
    assert sessions.find_session(store, token, now=NOW + 8 * HOUR) is None


def test_a_session_ends_with_its_key_and_with_a_sign_out(store: Store) -> None:
    made = new_key(store)
    first = sessions.start_session(store, made.record.key_id, now=NOW)
    second = sessions.start_session(store, made.record.key_id, now=NOW)
    assert first is not None
    assert second is not None

    sessions.end_session(store, first, now=NOW)

    assert sessions.find_session(store, first, now=NOW) is None
    assert sessions.find_session(store, second, now=NOW) is not None
    keys.revoke_key(store, made.record.key_id, now=NOW, who="machine")
    assert sessions.find_session(store, second, now=NOW) is None
    assert sessions.start_session(store, made.record.key_id, now=NOW) is None


def test_only_hashes_stand_in_the_tables(store: Store) -> None:
    made = new_key(store)
    link = sessions.make_link(store, made.record.key_id, now=NOW)
    sessions.redeem_link(store, link, now=NOW)

    with store.reading() as connection:
        stored = [
            *connection.execute(select(API_KEYS.c.sha256)).scalars(),
            *connection.execute(select(SIGN_IN_LINKS.c.sha256)).scalars(),
            *connection.execute(select(SESSIONS.c.sha256)).scalars(),
        ]

    assert stored[:2] == [keys.digest(made.secret), keys.digest(link)]
    assert all(len(value) == 64 for value in stored)


def test_every_key_and_sign_in_leaves_a_trace(store: Store) -> None:
    made = new_key(store)
    sessions.start_session(store, made.record.key_id, now=NOW)
    keys.revoke_key(store, made.record.key_id, now=NOW, who="machine")

    trail = audit.entries(store)

    assert [entry.what for entry in trail] == ["key_added", "signed_in", "key_revoked"]
