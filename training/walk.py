"""Walk: a fit and a test at every origin, each on the past only."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from training.config import Part
from training.folds import Fold, NotEnoughDataError
from training.forecasts import Forecasts, stacked
from training.heads import FitError

Progress = Callable[[str], None]

_THREADS = 2
"""Origins are fitted side by side up to so many threads; each holds a matrix of its own."""


def walk(
    folds: Sequence[Fold],
    forecast: Callable[[Fold], Forecasts],
    losses: Callable[[Forecasts], Mapping[str, float]],
    *,
    part: Part,
    threads: int,
    progress: Progress,
) -> Forecasts:
    """Fit and test at every origin, two at a time; one with nothing to learn from is said.

    Args:
        folds: oldest first; what is said and returned is in their order.
        forecast: fits on a fold's past and predicts its test rows.
        losses: model → mean log loss, to be said.
        part: bucket or slip.
        threads: of one fit; fits that have two already take turns.
        progress: takes one line for each origin.

    Raises:
        NotEnoughDataError: when no origin has anything to learn from.
    """

    def tried(fold: Fold) -> Forecasts | FitError:
        try:
            return forecast(fold)
        except FitError as error:
            return error

    told = []
    at_once = max(1, _THREADS // threads)
    with ThreadPoolExecutor(at_once) as pool:  # a fit leaves the interpreter's lock alone
        for number, found in enumerate(pool.map(tried, folds), start=1):
            origin = folds[number - 1].origin
            place = f"{part} {number}/{len(folds)}  origin {origin:%Y-%m-%d}"
            if isinstance(found, FitError):
                progress(f"{place}  left out: {found}")
                continue
            told.append(found)
            said = ", ".join(f"{name} {loss:.3f}" for name, loss in losses(found).items())
            progress(f"{place}  {found.rows.height} rows, log loss {said}")
    if not told:
        raise NotEnoughDataError(f"{part}: expected outcomes to learn from, found none")
    return stacked(told)
