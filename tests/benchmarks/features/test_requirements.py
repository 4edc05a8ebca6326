import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks" / "features"


@pytest.mark.parametrize("name", ["requirements.txt", "featuretools.txt"])
def test_the_peers_are_pinned_by_hash_and_name_no_index(name: str) -> None:
    lock = (FOLDER / name).read_text()

    pins = re.findall(r"^[a-z0-9][a-z0-9._\-\[\]]*==", lock, re.MULTILINE)
    assert pins
    assert lock.count("--hash=sha256:") >= len(pins)
    assert "://" not in lock
    assert "--index-url" not in lock
