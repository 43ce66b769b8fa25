"""What --help prints: a screen, with the options that there are. Knows no Hydra."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

HEAD = """\
aifgen: preference datasets from AI feedback

  aifgen                                         12 prompts, embedded models, no key
  aifgen judge=llama3_70b generators=[8b,70b]    other models; [a,b] is a list
  aifgen source=jsonl source.path=my.jsonl       prompts of your own
  aifgen -m judge=llama3_70b,gpt4o               one run after another
  aifgen experiment=prefs_with_llama3            a whole recipe
  aifgen plan judge=llama3_70b                   what that would ask, cost and last; sends nothing
  aifgen replay RUN, aifgen cache                a run again from the store; what the store holds
  aifgen parse FILE                              verdicts and ratings from stored answers of judges
  aifgen compare RUN RUN, aifgen diff RUN RUN    how far judges are from each other and from people
  aifgen export RUN --format dpo                 the pairs, or the judgments, for other tools
  aifgen review serve, push RUN, pull RUN        people see the rows, and their word counts
"""
TAIL = """\
Any value is KEY=VALUE: source.limit=100 seed=1 judge.temperature=0.2 hydra.run.dir=FOLDER
--cfg job shows the whole config and runs nothing, --cite names the papers of the judge's protocol.
Keys come from the environment: HF_TOKEN, OPENAI_API_KEY, ... The same command again resumes.
Options of your own: ./conf or --config-dir DIR.
"""
PLAN = """\
aifgen plan [KEY=VALUE ...]: what a run would ask, cost and last, before it asks

  aifgen plan judge=llama3_70b source.limit=100
  aifgen plan -m judge=llama3_70b,gpt4o          one plan a job
  aifgen plan experiment=prefs_with_llama3 budget.usd=5

By stage and model: answers needed, answers in the store, answers to ask, their tokens and dollars;
then the time at the present limits and what the caps of budget would stop. Takes whatever a run
takes (aifgen --help). Sends nothing, writes nothing, needs no key.
"""
REPLAY = """\
aifgen replay RUN [--out FOLDER]: a run's tables and datasets once more, from the store alone

  aifgen replay outputs/gpt4o-0123456789             mends what is damaged or missing in RUN
  aifgen replay outputs/gpt4o-0123456789 --out copy  writes all of it to a new folder, RUN stays

Sends nothing and needs no key; the tables are the same to the byte. Answers that the store lacks
come back with aifgen cache import FILE; AIFGEN_CACHE names the folder of another store.
"""
PARSE = """\
aifgen parse FILE [--out OUT] [--format NAME]: what stored answers of judges say

  aifgen parse raw.jsonl --out parsed.jsonl
  aifgen parse outputs/gpt4o-0123456789/judgments.parquet --format ultrafeedback_overall

FILE has one JSON object a line (or is a Parquet table): id, format, raw, and where you have them
n (how many responses) and scale ({"min": 1, "max": 10}). --format is for rows that name none. Each
row becomes {"id", "status", "parsed", "problem"}: status is ok, parse_failure or refused; parsed is
"A", "B", "tie", a number, a list of numbers, the probability that the first shown is better, a
label, or null. A and B are as shown. Without --out the rows go to standard output.
The formats, see docs/judging.md:
"""
COMPARE = """\
aifgen compare RUN RUN...: how far judges are from each other and from people

  aifgen compare outputs/llama3_70b-0123456789 outputs/gpt4o-9876543210
  aifgen compare outputs/a+b-0123456789                  the judges of one run
  aifgen compare --items items.jsonl --judgments judgments.parquet
  aifgen compare outputs/RUN --human labels.csv

RUN is a finished run's folder, or a folder of runs. Items and judgments from anywhere are in the
layout of docs/interchange.md (aifgen export RUN --format judgments writes it). Asks no model.

--human FILE|RUN       what people say of the same responses; without it, what they answered about
                       the runs (human.parquet, which aifgen review pull writes) where they did
--no-human             leave people out
--judges NAME,NAME     only these, in this order
--out DIR              where report.html, comparison.json and judgments_wide.parquet go: else
                       outputs/comparisons/, beside the runs
--agreement SHARE      the agreement to look for a threshold for (0.9)
--family NAME=FAMILY   whose model a judge or a generator is, where its name does not say so
--seed N               of the bootstrap over prompts (0)
--resamples N          how many (1000)
What each figure means: docs/comparing.md.
"""
DIFF = """\
aifgen diff RUN RUN [--limit N] [--full] [--json]: which preference pairs differ between two runs

  aifgen diff outputs/gpt4o-0123456789 outputs/llama3_70b-0123456789
  aifgen diff RUN RUN --limit 50 --full        more rows, whole texts
  aifgen diff RUN RUN --json > diff.json       for machines: all rows, whole texts

Says of how many shared prompts the pair is the same, flipped, changed, gained or lost, and shows
the rows that lie widest apart: the prompt, the responses, what each judge said of them, and why
the runs differ. --limit 0 gives the counts alone. See docs/diff.md.
"""
EXPORT = """\
aifgen export RUN --format NAME [--out FILE|DIR] [--people WHO] [--parquet] [--force]

  aifgen export outputs/gpt4o-0123456789 --format judgments
  aifgen export RUN --format dpo --out dpo.parquet

  judgments   items.jsonl and judgments.parquet, which aifgen compare --items --judgments reads
  dpo         prompt, chosen, rejected as message lists (TRL); orpo and reward: the same rows
  kto         prompt, completion, label: each pair gives a good row and a bad one
  sft         prompt, completion: the response that was rated best

Where people have reviewed the run (aifgen review pull), they decide, and labelled_by says so:
--people majority (also without it), any, none, or names of annotators, the first of whom counts.
Without --out it goes beside the run: outputs/exports/RUN/. A name that ends in .parquet or
--parquet gives Parquet instead of JSON lines. What is there is kept unless --force is given.
See docs/export.md.
"""
REVIEW = """\
aifgen review serve|push|pull|status: people in the loop, in Argilla

  aifgen review serve                   a local Argilla, no Docker: installed on first use
  aifgen review push outputs/RUN --sample disagreement:100
  aifgen review pull outputs/RUN        their answers, as outputs/RUN/human.parquet
  aifgen review status outputs/RUN      who has answered how much

serve   --stop, --status, ...    all of it: aifgen review serve --help
push    --sample DESIGN     which prompts: all, disagreement:100, margin:50, flipped, flipped:80,
                            random:200, stratified:120 or mixed:100; weights are kept
        --by JUDGE          whose doubts count, where there are several judges
        --seed N            of the sample (0)
        --blind             nothing of what judges said is shown
        --ask NAME,NAME     rating,best,comment unless said; also ranking
        --min-submitted N   people a record (1)
        --guidelines FILE   Markdown for the people who answer
        --prompt-as text    for prompts beyond 20,000 characters a turn
pull    --names             users' names instead of digests
        --force             drop answers of earlier pulls that are not in Argilla any more
all     --dataset NAME, --workspace NAME, --api-url URL, --home DIR of a local server

push, pull and status speak to ARGILLA_API_URL with ARGILLA_API_KEY, else to the local server.
aifgen compare RUN then uses what people said, aifgen export RUN lets it override the judges:
docs/review.md.
"""
REVIEW_SERVE = """\
aifgen review serve [options]: Argilla on this machine, without Docker

  aifgen review serve
  aifgen review serve --annotator ada --annotator ben    who may sign in; may be added at any time
  aifgen review serve --stop

Goes on in the background. The first start makes the server's own Python environment and the
passwords, which are printed once and kept in HOME/credentials.json.

--home DIR         where everything is kept (outputs/argilla)
--annotator NAME   one more who may sign in; of a new home instead of `annotator`
--port N           6900, or the next free one
--host ADDRESS     127.0.0.1, which only this machine reaches
--foreground       until Ctrl-C
--stop             end the server of this home; its data stay
--status           one line: whether it runs, and where
See docs/review-server.md.
"""
GROUPS = ("source", "judge/prompt", "preference", "sink", "experiment")


def parse(formats: Sequence[str]) -> str:
    """The help of aifgen parse, with the names of all formats."""
    names = textwrap.fill(", ".join(formats), 100, initial_indent="  ", subsequent_indent="  ")
    return f"{PARSE}{names}\n"


def text(confs: Sequence[Path], columns: int | None = None) -> str:
    """The help, wrapped to the terminal. confs: the folders of options, ours and the user's."""
    width = min(columns or shutil.get_terminal_size((100, 24)).columns, 120)
    generators, judges = _options(confs, "generators"), _options(confs, "judge")
    lines = [HEAD, _row("generators, judge", sorted(generators & judges), width)]
    if generators - judges:
        lines.append(_row("only generators", sorted(generators - judges), width))
    if judges - generators:
        lines.append(_row("only judge", sorted(judges - generators), width))
    for group in GROUPS:
        lines.append(_row(group, sorted(_options(confs, group)), width))
    tail = "\n".join(textwrap.fill(line, width) for line in TAIL.splitlines())
    return "\n".join([*lines, "", tail, ""])


def _options(confs: Sequence[Path], group: str) -> set[str]:
    return {path.stem for conf in confs for path in (conf / group).glob("*.yaml")}


def _row(group: str, options: Sequence[str], width: int) -> str:
    return textwrap.fill(
        " ".join(_braced(options)),
        width,
        initial_indent=f"{group}=: " if " " not in group else f"{group}: ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _braced(options: Sequence[str]) -> list[str]:
    """openrouter_a, openrouter_b, openrouter_c as openrouter_{a,b,c}: three or more of a family."""
    families: dict[str, list[str]] = {}
    for option in options:
        families.setdefault(option.partition("_")[0], []).append(option)
    found: list[str] = []
    for family, members in families.items():
        if len(members) < 3:
            found += members
            continue
        rests = [member.removeprefix(f"{family}_") for member in members]
        found.append(f"{family}_{{{','.join(rests)}}}")
    return found
