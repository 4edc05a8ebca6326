"""The evaluation grid: synthetic worlds of every regime and size, judged against their oracle."""
