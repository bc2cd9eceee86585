"""A merchant's rows of a view, newest first and page by page, narrowed by any combination of filters."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic
from uuid import UUID

import msgspec
import psycopg
from psycopg.sql import SQL, Composed, Identifier

from projections.engine.view import Row, View

# However many rows there are, a page reads one of the view's indexes onwards from the end of the page before. Hence no
# `OR … IS NULL`, which no index serves, and a single upper bound: with two, Postgres may begin at either, and skip all
# rows beyond the other one by one.
_PAGE = SQL("""
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.created_at DESC, t.{id} DESC), '[]')::text FROM (
    SELECT * FROM views.{table}
    WHERE merchant_id = %(merchant_id)s{filters}
      AND created_at > %(after)s AND (created_at, {id}) < (%(until)s, %(until_id)s::uuid)
    ORDER BY created_at DESC, {id} DESC
    LIMIT %(rows_max)s
) AS t
""")
_CREATED_AT = SQL("SELECT created_at FROM views.{table} WHERE {id} = %s AND merchant_id = %s")
_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LEAST_ID = UUID(int=0)


class MerchantSearch(Generic[Row]):
    """Search in a `view` whose key is one UUID and which has the columns `merchant_id` and `created_at`. `filters` are
    conditions on other columns, each with a parameter of the same name."""

    def __init__(self, view: View[Row], filters: Mapping[str, SQL]) -> None:
        [id] = view.key
        self._table = {"id": Identifier(id), "table": Identifier(view.table)}
        self._rows = msgspec.json.Decoder(list[view.row])  # type: ignore[name-defined]
        self._filters = filters
        self._created_at = _CREATED_AT.format(**self._table)
        self._pages: dict[tuple[str, ...], Composed] = {}

    async def page(
        self,
        connection: psycopg.AsyncConnection[Any],
        *,
        merchant_id: str,
        rows_max: int,
        before: UUID | None,
        created_after: datetime | None,
        created_before: datetime | None,
        asked: Mapping[str, object],
        planned_anew: bool = False,
    ) -> Sequence[Row]:
        """The rows that match every filter whose value in `asked` is not None; `before` is the last id of the previous
        page.

        With `planned_anew` Postgres plans the query for these values: for filters whose best index depends on them.
        """
        until, until_id = created_before or _NEVER, _LEAST_ID
        if before is not None:
            known = await (await connection.execute(self._created_at, (before, merchant_id))).fetchone()
            if known is None:
                return []
            if known[0] < until:
                until, until_id = known[0], before
        given = {name: value for name, value in asked.items() if value is not None}
        parameters = {
            **given,
            "merchant_id": merchant_id,
            "after": created_after or _EVER,
            "until": until,
            "until_id": until_id,
            "rows_max": rows_max,
        }
        cursor = psycopg.AsyncClientCursor(connection) if planned_anew else connection.cursor()
        await cursor.execute(self._page(tuple(given)), parameters)
        [(rows,)] = await cursor.fetchall()
        return self._rows.decode(rows)

    def _page(self, names: tuple[str, ...]) -> Composed:
        if names not in self._pages:
            filters = SQL("").join(SQL(" AND ") + self._filters[name] for name in names)
            self._pages[names] = _PAGE.format(**self._table, filters=filters)
        return self._pages[names]
