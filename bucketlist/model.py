"""`promote`, `rollback`, `versions`: which model version is in service."""

from typing import Annotated

import typer

from bucketlist.session import Session
