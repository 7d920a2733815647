"""What a change may do with the database: read, execute, and write rows in bulk.

A statement costs DuckDB about a third of a millisecond however few rows it carries, so rows that changes
write through `Connection.add`, `update` and `put` are gathered, over all changes of a group, and sent as
one statement a table. Whoever looks (`execute`, `rows`) finds them already there. Who knows whether a row
exists should say so: `put`, which must find out, takes three times as long as `add` and `update`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from blocks.errors import InputError
from data.audit import Head

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["Connection", "Row", "as_rows"]

Row = dict[str, Any]


@dataclass(frozen=True)
class _Table:
    types: dict[str, str]
    key: tuple[str, ...]


_FEW = 3
_How = Literal["add", "update", "put"]


@dataclass
class _Batch:
    columns: tuple[str, ...]
    how: _How
    rows: list[tuple[Any, ...]] = field(default_factory=list)


class Connection:
    """One open transaction of the store's writer, lent to a change while it runs.

    Attributes:
        head: the end of the audit chain as this transaction sees it; moved by `audit.append`.
        memory: what changes remember of the rows they wrote, to save a look. Nobody else writes, so it stays true;
            it is emptied when a transaction is rolled back.
    """

    def __init__(self, raw: DuckDBPyConnection, head: Head) -> None:
        self.head = head
        self.memory: dict[Any, Any] = {}
        self.touched = False
        self._raw = raw
        self._tables: dict[str, _Table] = {}
        self._statements: dict[str, Any] = {}
        self._batches: dict[str, _Batch] = {}

    def execute(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> DuckDBPyConnection:
        """Run one statement; use what it returns (`fetchall`, `fetchone`) before the next."""
        self.flush()
        self.touched = True
        return self._raw.execute(sql, params)

    def rows(self, sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Run one statement and return its rows by column name."""
        return as_rows(self.execute(sql, params))

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows; one whose primary key is taken fails the change (Conflict). Left-out columns are NULL."""
        self._gather(table, rows, "add")

    def update(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Update the given columns of rows, found by their primary key; a row that is not there stays away.

        Raises:
            InputError: the table, a column or the primary key is missing.
        """
        self._gather(table, rows, "update")

    def put(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows, or where the primary key is known update just the columns that are given.

        Raises:
            InputError: the table, a column or the primary key is missing.
        """
        self._gather(table, rows, "put")

    def flush(self) -> None:
        """Send what was gathered; called by itself before every look and before the commit."""
        batches, self._batches = self._batches, {}
        for name, batch in batches.items():
            self._send(name, batch)

    def begin(self, head: Head) -> None:
        """Start a transaction at this end of the chain."""
        self.head, self.touched, self._batches = head, False, {}
        self._raw.begin()

    def commit(self) -> None:
        """End it; on the disk when this returns."""
        self.flush()
        self._raw.commit()

    def rollback(self) -> None:
        """Forget everything since `begin`."""
        self._batches = {}
        self.memory.clear()
        self._raw.rollback()

    def _gather(self, name: str, rows: Iterable[Mapping[str, Any]], how: _How) -> None:
        self.touched = True
        for row in rows:
            columns = tuple(row)
            batch = self._batches.get(name)
            if batch is not None and (batch.columns, batch.how) != (columns, how):
                self._send(name, self._batches.pop(name))
                batch = None
            if batch is None:
                self._check(name, columns, how)
                batch = self._batches[name] = _Batch(columns, how)
            batch.rows.append(tuple(row.values()))

    def _send(self, name: str, batch: _Batch) -> None:
        table = self._table(name)
        rows = batch.rows if batch.how == "add" else _last_of_each(batch, table.key)
        # A list a column, whatever the number of rows; but a few rows are planned in half the time as they are.
        if len(rows) == 1 and batch.how == "update":
            sql, params = _one(name, batch, table), list(rows[0])
        elif len(rows) <= _FEW and batch.how != "update":
            sql, params = _few(name, batch, table, len(rows)), [value for row in rows for value in row]
        else:
            sql, params = _many(name, batch, table), [list(column) for column in zip(*rows, strict=True)]
        self._raw.execute(self._parsed(sql), params)

    def _parsed(self, sql: str) -> Any:
        """DuckDB would read the text anew each time, which takes a third of the time of a small statement."""
        if sql not in self._statements:
            self._statements[sql] = self._raw.extract_statements(sql)[0]
        return self._statements[sql]

    def _check(self, name: str, columns: tuple[str, ...], how: _How) -> None:
        table = self._table(name)
        unknown = [c for c in columns if c not in table.types]
        if unknown or not columns:
            raise InputError(f"Table {name} has no columns {unknown}; it has {', '.join(table.types)}.")
        if how != "add" and (not table.key or not set(table.key) <= set(columns)):
            raise InputError(f"A row to {how} in {name} must name its primary key {table.key}; it has {columns}.")

    def _table(self, name: str) -> _Table:
        known = self._tables.get(name)
        if known is None:
            columns = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"
            types = dict(self._raw.execute(columns, [name]).fetchall())
            if not types:
                raise InputError(f"The store has no table {name}; a migration must create it.")
            primary = "constraint_type = 'PRIMARY KEY'"
            keys = f"SELECT constraint_column_names FROM duckdb_constraints() WHERE table_name = ? AND {primary}"
            key = self._raw.execute(keys, [name]).fetchone()
            known = self._tables[name] = _Table(types, tuple(key[0]) if key else ())
        return known


def as_rows(result: DuckDBPyConnection) -> list[Row]:
    """What a statement found, by column name."""
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _one(name: str, batch: _Batch, table: _Table) -> str:
    """The statement that updates one row; its parameters are the row's values."""
    places = {column: f"${n}::{table.types[column]}" for n, column in enumerate(batch.columns, 1)}
    sets = ", ".join(f'"{c}" = {place}' for c, place in places.items() if c not in table.key)
    return f'UPDATE "{name}" SET {sets} WHERE ' + " AND ".join(f'"{c}" = {places[c]}' for c in table.key)


def _few(name: str, batch: _Batch, table: _Table, rows: int) -> str:
    """The statement that inserts so many rows; its parameters are their values, one row after the other."""
    row = ", ".join(f"?::{table.types[column]}" for column in batch.columns)
    return f"{_insert(name, batch)} VALUES {', '.join([f'({row})'] * rows)}{_or_update(batch, table)}"


def _many(name: str, batch: _Batch, table: _Table) -> str:
    """The statement for several rows; its parameters are lists, one a column."""
    values = ", ".join(f'unnest(?::{table.types[c]}[]) AS "{c}"' for c in batch.columns)
    if batch.how == "update":
        sets = ", ".join(f'"{c}" = given."{c}"' for c in batch.columns if c not in table.key)
        same = " AND ".join(f'"{name}"."{c}" = given."{c}"' for c in table.key)
        return f'UPDATE "{name}" SET {sets} FROM (SELECT {values}) AS given WHERE {same}'
    return f"{_insert(name, batch)} SELECT {values}{_or_update(batch, table)}"


def _insert(name: str, batch: _Batch) -> str:
    columns = ", ".join(f'"{c}"' for c in batch.columns)
    return f'INSERT INTO "{name}" ({columns})'


def _or_update(batch: _Batch, table: _Table) -> str:
    if batch.how != "put":
        return ""
    updates = ", ".join(f'"{c}" = excluded."{c}"' for c in batch.columns if c not in table.key)
    keys = ", ".join(f'"{c}"' for c in table.key)
    return f" ON CONFLICT ({keys}) DO " + (f"UPDATE SET {updates}" if updates else "NOTHING")


def _last_of_each(batch: _Batch, key: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """One statement may not update a row twice: of rows with one key the last one counts."""
    places = [batch.columns.index(c) for c in key]
    return list({tuple(row[p] for p in places): row for row in batch.rows}.values())
