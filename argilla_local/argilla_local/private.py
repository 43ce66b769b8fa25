"""One record by its id shows an annotator what the searches show. Knows no dataset.

argilla-server 2.8.0 leaves out of a search what an annotator may not see: metadata that have no
property, or one for admins alone, and other people's responses. GET /api/v1/records/{id}, which the
page calls too, gives any member of the workspace all of it.
"""

from __future__ import annotations

from typing import Any


def apply() -> None:
    """After argilla_server was imported."""
    from argilla_server.api.policies.v1 import RecordPolicy, is_authorized
    from sqlalchemy.orm.attributes import set_committed_value

    everything = RecordPolicy.get

    def get(record: Any) -> Any:
        async def is_allowed(actor: Any) -> bool:
            if not await everything(record)(actor):
                return False
            if not (actor.is_owner or actor.is_admin):
                await record.dataset.awaitable_attrs.metadata_properties
                shown = {
                    name: value
                    for name, value in (record.metadata_ or {}).items()
                    if await is_authorized(actor, RecordPolicy.get_metadata(record, name))
                }
                own = [one for one in record.responses if one.user_id == actor.id]
                # As read from the database: nothing of it is ever written there.
                set_committed_value(record, "metadata_", shown)
                set_committed_value(record, "responses", own)
            return True

        return is_allowed

    RecordPolicy.get = get
