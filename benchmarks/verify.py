"""Slower proofs than `make test` has time for, in named parts.

`python -m benchmarks.verify --part properties` runs every property test with many more examples;
`--part oracle` holds what the oracle of the synthetic CRM foretells against what comes about.
"""

import argparse
import os
import subprocess
import sys

EXAMPLES = "300"
WORLDS = "1000"
"""Random worlds in which every group of features is held against another future."""


def properties() -> int:
    """Every property test with EXAMPLES examples and WORLDS worlds, not those of the short form."""
    environment = {
        **os.environ,
        "BUCKETLIST_TEST_EXAMPLES": EXAMPLES,
        "BUCKETLIST_TEST_WORLDS": WORLDS,
    }
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "-m", "not needs"]
    return subprocess.run([*command, "tests"], env=environment, check=False).returncode


def oracle() -> int:
    """Whether the oracle keeps its word in every regime; checked anew."""
    command = [sys.executable, "-m", "benchmarks.oracle_check", "--again"]
    return subprocess.run(command, check=False).returncode


PARTS = {"properties": properties, "oracle": oracle}


def main() -> int:
    """Run the parts that were asked for; the exit code is the first that is not 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verify", description=__doc__)
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    asked = parser.parse_args().part
    for name, run in PARTS.items():
        if asked in (name, "all"):
            print(f"part {name}", flush=True)
            code = run()
            if code:
                return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
