"""Session: what every command shares: the home directory, the settings and where words go."""

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.calendar import Calendar
    from features.crm.source import Reading
    from serving.settings import Settings


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the command line.

    Attributes:
        home: where databases, bundles, snapshots and reports live.
        is_json: whether the result goes to stdout as one JSON document.
        started: seconds of a monotonic clock, so that progress lines can say how long it took.
    """

    home: Path
    is_json: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def settings(self) -> "Settings":
        """The settings of this home: environment, then `bucketlist.toml`, then defaults."""
        from serving.settings import Settings  # noqa: PLC0415  keeps --help quick

        return Settings(home=self.home)

    @property
    def calendar(self) -> "Calendar":
        """The organisation's calendar."""
        return self.settings.calendar

    def now(self) -> datetime:
        """The run's clock, UTC: the one place where a command asks what time it is."""
        return datetime.now(UTC)

    def say(self, text: str) -> None:
        """One line of progress on stderr, with the seconds since the start."""
        print(f"{time.monotonic() - self.started:6.1f} s  {text}", file=sys.stderr, flush=True)  # noqa: T201  stderr is the progress channel

    def result(self, fields: Mapping[str, object]) -> None:
        """The machine-readable result on stdout, when `--json` asked for it."""
        if self.is_json:
            print(json.dumps(dict(fields), default=str, indent=2), flush=True)  # noqa: T201  stdout is the result

    def read(self, url: str) -> "Reading":
        """Open a CRM and read it whole; every input row is accounted for in the report."""
        from features.crm.source import open_source  # noqa: PLC0415  keeps --help quick

        self.say(f"reading {url}")
        settings = self.settings
        source = open_source(
            url, calendar=settings.calendar, now=self.now(), base_currency=settings.currency
        )
        return source.read()
