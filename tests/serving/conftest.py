"""Homes and stores for the serving tests: SQLite in a temporary folder, and PostgreSQL."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from serving.settings import Settings
from serving.store.engine import Store, open_store
from serving.store.migrations import upgrade

if TYPE_CHECKING:
    from features.book import Book
    from models.bundle import Bundle
    from serving.snapshots import Snapshot
    from tests.serving.desk import Desk

POSTGRES = os.environ.get(
    "BUCKETLIST_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1/test"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of an empty home with the default store."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A migrated SQLite store."""
    upgrade(settings)
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty schema of its own on the test server; dropped afterwards."""
    schema = f"test_{secrets.token_hex(6)}"
    admin = create_engine(POSTGRES)
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
)
def any_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of an empty home, once with each kind of store."""
    if request.param == "sqlite":
        return Settings(home=tmp_path / "home")
    url = request.getfixturevalue("postgres_url")
    return Settings(home=tmp_path / "home", database_url=url)


@pytest.fixture
def any_store(any_settings: Settings) -> Iterator[Store]:
    """A migrated store, once of each kind."""
    upgrade(any_settings)
    opened = open_store(any_settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def book() -> "Book":
    """The book that is scored."""
    from tests.serving.desk import made_up_book  # noqa: PLC0415  only scoring pays for training

    return made_up_book()


@pytest.fixture(scope="session")
def exported(book: "Book", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle, trained once for all tests."""
    from tests.serving.desk import export  # noqa: PLC0415  only scoring pays for training

    return export(book, tmp_path_factory.mktemp("exported") / "bundle")


@pytest.fixture(scope="session")
def bundle(exported: Path) -> "Bundle":
    """The same bundle, read."""
    from models.bundle import read_bundle  # noqa: PLC0415  only scoring pays for the models

    return read_bundle(exported)


@pytest.fixture
def desk(settings: Settings, store: Store, book: "Book", bundle: "Bundle") -> "Desk":
    """A desk over an empty home."""
    from tests.serving.desk import Desk  # noqa: PLC0415  only scoring pays for training

    return Desk(settings, store, book, bundle)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `snapshot` was published."""
    return tmp_path_factory.mktemp("published")


@pytest.fixture(scope="session")
def snapshot(home: Path, book: "Book", bundle: "Bundle") -> "Snapshot":
    """One publication that the tests only read."""
    from tests.serving.desk import Desk  # noqa: PLC0415  only scoring pays for training

    settings = Settings(home=home)
    upgrade(settings)
    store = open_store(settings)
    opened = Desk(settings, store, book, bundle).opened()
    store.close()
    return opened
