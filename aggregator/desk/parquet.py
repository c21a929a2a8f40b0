"""Entries as a Parquet table; the only module that uses pyarrow (extra ``parquet``)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from aggregator.exceptions import UsageError
from aggregator.ingest.archive_order import lines_of

_TIMES = ("published", "first_seen", "date")
_FLAGS = ("canonical",)
_ROWS_OF_A_GROUP = 10_000


def write_parquet(rows: Iterable[Mapping[str, Any]], keys: Sequence[str], target: BinaryIO) -> None:
    """Write rows as Parquet: times as UTC timestamps in microseconds, ``canonical`` as a boolean, all else as text.

    ``keys`` are the columns. Rows are written some thousands at a time. Raises UsageError if pyarrow is missing.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("--format parquet needs pyarrow: pip install 'aggregator[parquet]'") from error
    kinds = {**dict.fromkeys(_TIMES, arrow.timestamp("us", tz="UTC")), **dict.fromkeys(_FLAGS, arrow.bool_())}
    schema = arrow.schema([(key, kinds.get(key, arrow.string())) for key in keys])
    waiting = iter(rows)
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        while group := list(islice(waiting, _ROWS_OF_A_GROUP)):
            made = [{key: _value(key, row.get(key)) for key in keys} for row in group]
            writer.write_table(arrow.Table.from_pylist(made, schema=schema))


def lines_of_archive(path: Path) -> Iterator[bytes]:
    """Yield the entries of an archive as lines of JSON, from JSON Lines, or from Parquet if its name ends in .parquet.

    Raises UsageError if pyarrow is missing, or if the file is no Parquet.
    """
    if path.suffix != ".parquet":
        yield from lines_of(path)
        return
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(f"{path}: reading Parquet needs pyarrow: pip install 'aggregator[parquet]'") from error
    try:
        with path.open("rb") as file:
            for batch in parquet.ParquetFile(file).iter_batches(_ROWS_OF_A_GROUP):
                yield from map(_line, batch.to_pylist())
    except arrow.ArrowInvalid as error:
        raise UsageError(f"{path}: cannot be read as Parquet ({error})") from None


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps({key: value for key, value in row.items() if value is not None}, default=_text).encode()


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _value(key: str, value: Any) -> Any:
    if value is None or key in _FLAGS:
        return value
    if key in _TIMES:
        return value.astimezone(UTC) if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return str(value).encode("utf-8", "replace").decode("utf-8")
