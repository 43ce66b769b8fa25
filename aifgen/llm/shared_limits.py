"""Which endpoints share a limit. Knows no request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aifgen.llm.endpoint import Endpoint
from aifgen.llm.limiter import Limiter


def limiters(endpoints: Sequence[Endpoint], adaptive: bool) -> dict[str, Limiter]:
    """One limiter an address and account; the smallest of its models' limits holds."""

    def least(values: Iterable[int | None]) -> int | None:
        return min((value for value in values if value is not None), default=None)

    groups: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        groups.setdefault(endpoint.address, []).append(endpoint)
    return {
        address: Limiter(
            min(e.max_concurrency for e in group),
            least(e.rpm for e in group),
            least(e.tpm for e in group),
            # Our own server queues by itself and never says 429.
            adaptive=adaptive and group[0].weights is None,
        )
        for address, group in groups.items()
    }
