"""What there is: models, weights brought from elsewhere, samples."""

import argparse
import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flowcore.commands.output import Commands, add_json_option, print_json
from flowcore.errors import ConfigError

if TYPE_CHECKING:
    from flowcore.models import ModelCard

__all__ = ["add_commands"]


def add_commands(commands: Commands) -> None:
    """The commands and their options."""
    models = commands.add_parser("models", help="list every architecture and its weights")
    models.add_argument("name", nargs="?", metavar="NAME", help="the whole card of one model")
    models.set_defaults(command=_models)

    weights = commands.add_parser("weights", help="bring weights of others, or average own ones")
    actions = weights.add_subparsers(required=True, metavar="ACTION")
    importing = actions.add_parser("import", help="recognize and convert a public checkpoint")
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--name", help="such as raft_small.things")
    importing.set_defaults(command=_import_weights)
    listing = actions.add_parser("list", help="the official files that can be downloaded")
    listing.set_defaults(command=_list_weights)
    downloading = actions.add_parser("download", help="fetch an official file and import it")
    downloading.add_argument("name", metavar="NAME", help="one of: weights list")
    downloading.set_defaults(command=_download_weights)
    averaging = actions.add_parser("average", help="the mean of what a run was at several steps")
    averaging.add_argument("name", metavar="NAME", help="of the mean, such as scope_070.mean")
    averaging.add_argument("files", nargs="+", type=Path, metavar="FILE")
    averaging.set_defaults(command=_average_weights)
    add_json_option(models, importing, listing, downloading, averaging)

    sample = commands.add_parser("sample", help="write a bundled pair as files")
    sample.add_argument("name", nargs="?", metavar="NAME", help="one of --list")
    sample.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    sample.add_argument("--list", action="store_true", help="the names, and what each shows")
    sample.set_defaults(command=_sample)


def _models(options: argparse.Namespace) -> None:
    from flowcore import models

    if options.name:
        _print_card(models.describe(options.name), is_json=options.json)
        return
    cards = models.catalog()
    for fault in models.broken_cards():
        print(fault, file=sys.stderr)
    if options.json:
        print_json([card.as_json() for card in cards])
        return
    for card in cards:
        state = "ready" if card.available else "weights missing"
        params = f"{card.num_params:,} parameters" if card.num_params else "no parameters"
        print(f"{card.name:24} {card.family:12} {state:16} {params:24} {card.source}")


def _import_weights(options: argparse.Namespace) -> None:
    from flowcore import models

    card = models.import_weights(options.file, name=options.name)
    _print_card(card, is_json=options.json)


def _list_weights(options: argparse.Namespace) -> None:
    from flowcore import models
    from flowcore.models.download import downloads_from, published_files

    here, files = models.available(), published_files()
    if options.json:
        facts = {name: dataclasses.asdict(file) for name, file in files.items()}
        print_json([{"name": n, "available": n in here, **facts[n]} for n in files])
        return
    for name, file in files.items():
        state = "here" if name in here else f"{file.mib:.1f} MiB"
        print(f"{name:26} {state:9} {file.trained_on}; {file.recipe}")
        print(f"{'':36} {file.scores} (as published); {file.licence}")
    print(f"From {downloads_from() or 'nowhere: FLOWSCOPE_DOWNLOADS=off'}.", file=sys.stderr)


def _download_weights(options: argparse.Namespace) -> None:
    from flowcore.models.download import download_weights

    card = download_weights(options.name, progress_bar=sys.stderr.isatty())
    _print_card(card, is_json=options.json)


def _average_weights(options: argparse.Namespace) -> None:
    from flowcore import models
    from flowcore.training.average import average_weights

    words = ["weights", "average", options.name, *map(str, options.files)]
    command = shlex.join(["python", "-m", "flowcore", *words])
    average_weights(options.name, options.files, command=command)
    _print_card(models.describe(options.name), is_json=options.json)


def _print_card(card: "ModelCard", *, is_json: bool) -> None:
    """Everything that is known about a model."""
    facts = dataclasses.asdict(card)
    if is_json:
        print_json(facts)
        return
    for key, value in (facts | facts.pop("training")).items():
        print(f"{key:20} {value}")


def _sample(options: argparse.Namespace) -> None:
    from flowcore.data import samples
    from flowcore.export.files import write_pair

    if options.list:
        for name in samples.names():
            print(f"{name:16} {samples.SAMPLES[name].description}")
        return
    if options.folder is None:
        raise ConfigError("Expected a sample's NAME and a FOLDER to write it into, or --list.")
    write_pair(options.folder, samples.load(options.name))
