"""Bundle: all that serving needs of one version, as a folder of text files."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from models.analogs import CHAIN, Analogs, AnalogsDocument, analogs_from_document
from models.bucket import BucketDocument, BucketModel, bucket_from_document
from models.card import ModelCard, card_from_json
from models.components import ComponentModel, ComponentsDocument, components_from_document
from models.contract import FeatureContract
from models.document import DocumentError, Record, from_json, to_json
from models.golden import GoldenRows
from models.head import HeadDocument
from models.layout import (
    ANALOGS,
    BUCKET,
    CARD,
    COMPONENTS,
    CONTRACT,
    GOLDEN,
    LOSS_REASON,
    POLICY,
    SLIP,
    BundleError,
    read_files,
    write_files,
)
from models.loss_reason import (
    LossReasonDocument,
    LossReasonModel,
    loss_reason_from_document,
)
from models.policy import Policy
from models.slip import SlipDocument, SlipModel, slip_from_document

__all__ = ["Bundle", "BundleError", "load_bundle", "read_bundle", "verify_bundle", "write_bundle"]

CANARY_LIMIT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Bundle:
    """One version in memory.

    Attributes:
        hash: SHA-256 of the manifest; two bundles with the same hash are the same.
        components: what accounts are expected to bring and to cost; beside a bucket model.
        analogs: past account-periods with what became of them; beside components.
        loss_reason: why a deal would be lost; beside a slip model.
    """

    hash: str
    card: ModelCard
    contract: FeatureContract
    policy: Policy
    golden: GoldenRows
    bucket: BucketModel | None
    slip: SlipModel | None
    components: ComponentModel | None = None
    analogs: Analogs | None = None
    loss_reason: LossReasonModel | None = None


@dataclass(frozen=True, slots=True)
class _Documents:
    """The JSON files, read and found to agree; no booster has been parsed yet."""

    hash: str
    card: ModelCard
    contract: FeatureContract
    policy: Policy
    golden: GoldenRows
    bucket: BucketDocument | None
    slip: SlipDocument | None
    components: ComponentsDocument | None
    analogs: AnalogsDocument | None
    loss_reason: LossReasonDocument | None
    texts: Mapping[str, str]


def write_bundle(  # noqa: PLR0913 - one argument per file of the folder
    folder: Path,
    *,
    bucket: BucketModel | None,
    slip: SlipModel | None,
    card: ModelCard,
    contract: FeatureContract,
    golden: GoldenRows,
    policy: Policy,
    components: ComponentModel | None = None,
    analogs: Analogs | None = None,
    loss_reason: LossReasonModel | None = None,
) -> str:
    """Write a new folder, whole or not at all; returns the bundle hash.

    The card gets the hashes of the contract and of the policy that it is written beside.

    Raises:
        BundleError: the folder exists, the files contradict one another, or the models do not
            give the golden answers.
    """
    card = replace(card, contract_hash=contract.contract_hash(), policy_hash=policy.policy_hash())
    texts: dict[str, str] = {}
    documents: dict[str, object] = {CARD: card, CONTRACT: contract, GOLDEN: golden, POLICY: policy}
    if bucket is not None:
        documents[BUCKET], found = bucket.to_document()
        texts |= found
    if slip is not None:
        documents[SLIP], found = slip.to_document()
        texts |= found
    if components is not None:
        documents[COMPONENTS], found = components.to_document()
        texts |= found
    if analogs is not None:
        documents[ANALOGS] = analogs.to_document()
    if loss_reason is not None:
        documents[LOSS_REASON], found = loss_reason.to_document(golden.deals)
        texts |= found
    files = {name: to_json(record).encode() for name, record in documents.items()}
    files |= {name: text.encode() for name, text in texts.items()}
    _documents(files, "")
    _reproduce(golden, bucket, slip, components)
    return write_files(folder, files)


def verify_bundle(folder: Path, *, expected: str | None = None) -> str:
    """Check sizes, SHA-256 and every JSON file; returns the bundle hash.

    Args:
        expected: the hash that the folder must have, where the caller knows it.

    Raises:
        BundleError: for anything that is not as it was written. LightGBM has seen nothing.
    """
    files, bundle_hash = read_files(folder, expected=expected)
    return _documents(files, bundle_hash).hash


def read_bundle(folder: Path, *, expected: str | None = None) -> Bundle:
    """Verify and parse, without a canary: for the canary itself and for offline use.

    Raises:
        BundleError: as `verify_bundle`, or the golden rows are not reproduced.
    """
    files, bundle_hash = read_files(folder, expected=expected)
    found = _documents(files, bundle_hash)
    try:
        bucket = bucket_from_document(found.bucket, found.texts) if found.bucket else None
        slip = slip_from_document(found.slip, found.texts) if found.slip else None
        components = (
            components_from_document(found.components, found.texts) if found.components else None
        )
        analogs = analogs_from_document(found.analogs) if found.analogs else None
        loss_reason = (
            loss_reason_from_document(found.loss_reason, found.texts) if found.loss_reason else None
        )
    except ValueError as error:
        raise BundleError(f"{folder.name}: {error}") from error
    _reproduce(found.golden, bucket, slip, components)
    if loss_reason is not None and found.loss_reason is not None:
        told = found.loss_reason.golden
        _same_answers(LOSS_REASON, loss_reason.largest_difference(found.golden.deals, told))
    return Bundle(
        hash=found.hash,
        card=found.card,
        contract=found.contract,
        policy=found.policy,
        golden=found.golden,
        bucket=bucket,
        slip=slip,
        components=components,
        analogs=analogs,
        loss_reason=loss_reason,
    )


def load_bundle(
    folder: Path, *, expected: str | None = None, limit: timedelta = CANARY_LIMIT
) -> Bundle:
    """Verify, let a process of its own load it first, and only then load it here.

    LightGBM aborts or hangs on some texts; a canary process takes that risk.

    Raises:
        BundleError: as `read_bundle`, or the canary died, failed or took longer than the limit.
    """
    bundle_hash = verify_bundle(folder, expected=expected)
    _send_canary(folder, bundle_hash, limit)
    # The hash is asked for again: what is parsed here is what the canary survived.
    return read_bundle(folder, expected=bundle_hash)


def _send_canary(folder: Path, bundle_hash: str, limit: timedelta) -> None:
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        canary = subprocess.run(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-m", "models.canary", str(folder), bundle_hash],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            timeout=limit.total_seconds(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BundleError(
            f"{folder.name}: expected the canary to end within {limit.total_seconds():g} s"
        ) from None
    if canary.returncode != 0:
        said = canary.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BundleError(
            f"{folder.name}: expected the canary to end with 0, found {canary.returncode}: "
            f"{' '.join(said)[:500]}"
        )


def _documents(files: Mapping[str, bytes], bundle_hash: str) -> _Documents:
    try:
        found = _Documents(
            hash=bundle_hash,
            card=card_from_json(files[CARD]),
            contract=from_json(FeatureContract, files[CONTRACT], name=CONTRACT),
            policy=from_json(Policy, files[POLICY], name=POLICY),
            golden=from_json(GoldenRows, files[GOLDEN], name=GOLDEN),
            bucket=_found(BucketDocument, files, BUCKET),
            slip=_found(SlipDocument, files, SLIP),
            components=_found(ComponentsDocument, files, COMPONENTS),
            analogs=_found(AnalogsDocument, files, ANALOGS),
            loss_reason=_found(LossReasonDocument, files, LOSS_REASON),
            texts={name: text.decode() for name, text in files.items() if name.endswith(".txt")},
        )
    except (DocumentError, UnicodeDecodeError) as error:
        raise BundleError(str(error)) from error
    _check_agreement(found)
    return found


def _found(kind: type[Record], files: Mapping[str, bytes], name: str) -> Record | None:
    return from_json(kind, files[name], name=name) if name in files else None


def _check_agreement(found: _Documents) -> None:
    """Raise BundleError where two files tell different stories."""
    bucket, slip, contract = found.bucket, found.slip, found.contract
    heads: list[HeadDocument] = []
    if bucket is not None:
        heads += [bucket.walk, bucket.pain, bucket.a_list]
        _same(BUCKET, "features", bucket.names, contract.names("account"))
    if slip is not None:
        heads += [slip.close, slip.win]
        _same(SLIP, "features", slip.names, contract.names("deal"))
    named = [file for head in heads for file in head.boosters]
    if bucket is not None and bucket.joint is not None:
        named += bucket.joint.boosters
    if found.components is not None:
        _same(COMPONENTS, "features", found.components.names, contract.names("account"))
        parts = found.components.components.values()
        named += [part.booster for part in parts if part.booster is not None]
    if found.analogs is not None:
        _same(ANALOGS, f"a {COMPONENTS} beside it", found.components is not None, expected=True)
        told = found.components.components if found.components is not None else {}
        _same(ANALOGS, "axes beyond it", sorted({*found.analogs.axes} - {*CHAIN, *told}), [])
    if found.loss_reason is not None:
        _same(LOSS_REASON, f"a {SLIP} beside it", slip is not None, expected=True)
        _same(LOSS_REASON, "features", found.loss_reason.names, contract.names("deal"))
        named += found.loss_reason.boosters
    _same("the JSON files", "booster files", sorted(named), sorted(found.texts))
    _same(CARD, "contract_hash", found.card.contract_hash, contract.contract_hash())
    _same(CARD, "policy_hash", found.card.policy_hash, found.policy.policy_hash())
    _same(CARD, "bucket_kind", found.card.bucket_kind, bucket.kind if bucket else None)
    _same(CARD, "slip_kind", found.card.slip_kind, slip.kind if slip else None)
    if not heads:
        raise BundleError("expected a bucket model or a slip model, found neither")


def _same(file: str, what: str, found: object, expected: object) -> None:
    if found != expected:
        raise BundleError(f"{file}: expected {what} {expected}, found {found}")


def _reproduce(
    golden: GoldenRows,
    bucket: BucketModel | None,
    slip: SlipModel | None,
    components: ComponentModel | None,
) -> None:
    _same_answers(GOLDEN, golden.largest_difference(bucket, slip, components))


def _same_answers(file: str, gap: float) -> None:
    if not gap <= 1e-9:
        raise BundleError(f"{file}: expected answers within 1e-9, found a difference of {gap}")
