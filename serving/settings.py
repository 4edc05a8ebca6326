"""Settings: what one installation decides for itself, from environment, file and defaults."""

import os
import secrets
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from features.calendar import Calendar

SETTINGS_FILE = "bucketlist.toml"
SESSION_SECRET_FILE = "session-secret"  # noqa: S105  the name of a file, not what is in it
SALT_FILE = "salt"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Settings(BaseSettings):
    """One installation: arguments, then BUCKETLIST_*, then bucketlist.toml, then defaults.

    The file is looked for in the home directory first, then in the working directory. What
    holds a secret is masked in `repr` and in logs.

    Attributes:
        home: where the store, bundles and snapshots live.
        time_zone: IANA name; days and periods begin and end there.
        fiscal_year_start_month: 1 to 12.
        currency: ISO 4217 code in which values are shown.
        locale: how numbers and dates are written on pages, e.g. en-US.
        salt: decides which walk-away accounts are kept in pursuit; made once per home when empty.
        database_url: SQLAlchemy address of the score store; empty is SQLite in the home.
        host: address to listen on.
        port: port to listen on.
        allowed_hosts: names by which this server may be asked for, as in the Host header but in
            lower case and without port; empty is the names of this machine's loopback and `host`.
        batch_limit: ids accepted in one call unless the caller asks for more, count.
        batch_limit_max: ids accepted in one call at the very most, count.
        body_limit_bytes: size of a request body at most.
        poll_seconds: how often a server looks for a newer snapshot.
    """

    model_config = SettingsConfigDict(
        env_prefix="BUCKETLIST_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    home: Path = Path(".bucketlist")
    time_zone: str = "UTC"
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12)] = 1
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    locale: Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")] = "en-US"
    salt: SecretStr = SecretStr("")
    database_url: SecretStr = SecretStr("")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    allowed_hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9._:-]+$")], ...] = ()
    batch_limit: Annotated[int, Field(ge=1)] = 200
    batch_limit_max: Annotated[int, Field(ge=1)] = 1000
    body_limit_bytes: Annotated[int, Field(ge=1024)] = 2 * 1024 * 1024
    poll_seconds: Annotated[float, Field(gt=0)] = 2.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.batch_limit > self.batch_limit_max:
            raise ValueError(
                f"expected batch_limit at most {self.batch_limit_max}, got {self.batch_limit}"
            )
        Calendar(self.time_zone, self.fiscal_year_start_month)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the file between the environment and the defaults."""
        del dotenv_settings, file_secret_settings
        home = init_settings().get("home") or env_settings().get("home") or ".bucketlist"
        places = (Path(home) / SETTINGS_FILE, Path(SETTINGS_FILE))
        file = next((place for place in places if place.is_file()), places[0])
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @property
    def calendar(self) -> Calendar:
        """The organisation's calendar."""
        return Calendar(self.time_zone, self.fiscal_year_start_month)

    @property
    def store_url(self) -> str:
        """SQLAlchemy address of the score store, with its password: never log it."""
        return self.database_url.get_secret_value() or f"sqlite:///{self.home / 'store.db'}"

    @property
    def pursuit_salt(self) -> str:
        """The salt of the arm that is kept in pursuit; stable for the life of the home."""
        given = self.salt.get_secret_value()
        return given or _secret_file(self.home / SALT_FILE)

    @property
    def session_secret(self) -> bytes:
        """The key that signs cookies and forms; made on first use, readable by its owner only."""
        return _secret_file(self.home / SESSION_SECRET_FILE).encode("ascii")

    @property
    def is_loopback(self) -> bool:
        """Whether the server listens to this machine only."""
        return self.host in LOOPBACK

    @property
    def names(self) -> frozenset[str]:
        """The names by which this server may be asked for."""
        return frozenset(self.allowed_hosts) or LOOPBACK | {self.host.lower()}


def _secret_file(path: Path) -> str:
    """256 random bits in a 0600 file; of several first starts one makes it and all read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        mine = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(mine, path)  # fails where another process was first: its secret counts
        except FileExistsError:
            pass
        finally:
            mine.unlink()
    return path.read_text(encoding="ascii").strip()
