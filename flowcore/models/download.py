"""The official files of RAFT, fetched on request: what torchvision publishes, checked and imported.

Nothing is fetched unasked. ``FLOWSCOPE_DOWNLOADS=off`` forbids it, ``FLOWSCOPE_DOWNLOADS=ADDRESS``
names a mirror that holds the same files.
"""

import contextlib
import csv
import errno
import os
import resource
import socket
import threading
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from torch.hub import download_url_to_file

from flowcore.errors import ConfigError, WeightsError
from flowcore.io.scratch import scratch_folder, sweep
from flowcore.models.base import ModelCard
from flowcore.models.store import user_folder
from flowcore.models.weights import KnownFile, import_weights
from flowcore.places import ASSETS

__all__ = ["PublishedFile", "download_weights", "downloads_from", "published_files"]

TABLE = ASSETS / "published_weights.csv"
TORCHVISION = "https://download.pytorch.org/models/"
SILENCE_SECONDS = 30  # a server that says nothing for so long has gone
WATCH_SECONDS = 0.2
_ONE_AT_A_TIME = threading.Lock()  # what it sets for a moment is the whole process's


@dataclass(frozen=True)
class PublishedFile:
    """A file of weights that others publish.

    Parameters
    ----------
    file : str
        Its name, which ends in the first eight hex digits of its sha256.
    mib : float
        Its size, MiB.
    trained_on : str
        Data sets, in order.
    recipe : str
        By whom.
    scores : str
        As published, by their own protocols, Sintel clean / final; none was measured here.
    licence : str
        Of the weights; the data are for research.
    """

    file: str
    mib: float
    trained_on: str
    recipe: str
    scores: str
    licence: str

    @property
    def hash_prefix(self) -> str:
        """The first hex digits of its sha256."""
        return Path(self.file).stem.rpartition("-")[2]


@cache
def published_files() -> dict[str, PublishedFile]:
    """What can be downloaded, by the name it gets here."""
    rows = csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())
    return {row.pop("name"): PublishedFile(mib=float(row.pop("mib")), **row) for row in rows}


def downloads_from() -> str | None:
    """The address of the folder that files are fetched from; None where the operator forbids it.

    Raises
    ------
    ConfigError
        ``FLOWSCOPE_DOWNLOADS`` is neither ``on`` nor ``off`` nor an address.
    """
    chosen = os.environ.get("FLOWSCOPE_DOWNLOADS", "on")
    if chosen == "off":
        return None
    address = TORCHVISION if chosen == "on" else chosen
    if urlsplit(address).scheme not in ("http", "https"):
        raise ConfigError(
            "FLOWSCOPE_DOWNLOADS is on, off, or the http or https address of a mirror, "
            f"got {chosen[:99]!r}."
        )
    return address if address.endswith("/") else f"{address}/"


def download_weights(
    name: str,
    *,
    progress: Callable[[float, str], None] | None = None,
    progress_bar: bool = False,
) -> ModelCard:
    """The card of published weights, which are now in the user's weights folder.

    Parameters
    ----------
    name : str
        One of `published_files`.
    progress : callable, optional
        Told the share that is here, 0 to 1, and what is being done, a few times a second.
    progress_bar : bool
        On standard error.

    Raises
    ------
    ConfigError
        No such name, or downloads are switched off.
    WeightsError
        The file cannot be fetched or is not the published one, or the folder cannot be written; a
        file that is not there in full leaves nothing behind.
    """
    files, source = published_files(), downloads_from()
    if name not in files:
        raise ConfigError(f"{name[:99]!r} cannot be downloaded; there are {', '.join(files)}.")
    published = files[name]
    if source is None:
        raise ConfigError("Downloads are switched off on this machine (FLOWSCOPE_DOWNLOADS=off).")
    with _ONE_AT_A_TIME, _folder_for_drafts() as folder:
        path = folder / published.file
        with _told(path, published, progress or (lambda *_: None)):
            _fetch(source + published.file, path, name, progress_bar=progress_bar)
        return import_weights(
            path,
            name=name,
            known=KnownFile(
                name.partition(".")[2], published.recipe, published.trained_on, published.licence
            ),
        )


def _fetch(address: str, path: Path, name: str, *, progress_bar: bool) -> None:
    published = published_files()[name]
    host = urlsplit(address).hostname
    by_hand = f"Fetch {address} elsewhere and import it: flowcore weights import FILE --name {name}"
    try:
        with _patience(), _at_most(round((published.mib + 1) * 2**20)):
            download_url_to_file(
                address, str(path), hash_prefix=published.hash_prefix, progress=progress_bar
            )
    except urllib.error.HTTPError as error:
        raise WeightsError(
            f"{host} has no {published.file} (HTTP {error.code} {error.reason})."
        ) from error
    except RuntimeError as error:  # torch's word for a wrong hash
        raise WeightsError(
            f"What {host} sent is not {published.file}, by its sha256: it was cut off on its way, "
            "or altered. Nothing was kept."
        ) from error
    except urllib.error.URLError as error:
        raise WeightsError(
            f"{published.file} cannot be fetched from {host} ({_words(error.reason)}). {by_hand}."
        ) from error
    except TimeoutError as error:
        raise WeightsError(
            f"{host} sent nothing of {published.file} for {SILENCE_SECONDS} s. {by_hand}."
        ) from error
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise WeightsError(
                f"{host} sends more than the {published.mib} MiB of {published.file}. "
                "Nothing was kept."
            ) from error
        raise WeightsError(f"{published.file} cannot be kept ({error.strerror}).") from error


def _words(reason: str | BaseException) -> str:
    return getattr(reason, "strerror", None) or str(reason)


@contextlib.contextmanager
def _folder_for_drafts() -> Iterator[Path]:
    """Beside the weights."""
    weights = user_folder()
    with contextlib.ExitStack() as until_over:
        try:
            weights.mkdir(parents=True, exist_ok=True)
            sweep(weights)
            path = until_over.enter_context(scratch_folder(weights))
        except OSError as error:
            raise WeightsError(
                f"The weights folder cannot be written ({error.strerror}); "
                "FLOWCORE_WEIGHTS may name another folder."
            ) from error
        yield path


@contextlib.contextmanager
def _told(
    path: Path, published: PublishedFile, progress: Callable[[float, str], None]
) -> Iterator[None]:
    """The growing file is watched, and ``progress`` told of it."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCH_SECONDS):
            num_bytes = _size(path.parent)
            share = num_bytes / 2**20 / published.mib
            progress(min(1.0, share), f"{num_bytes / 1e6:.1f} MB of {published.file}")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _size(folder: Path) -> int:
    num_bytes = 0
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):  # a draft that just got its name
            num_bytes += entry.stat().st_size
    return num_bytes


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """A server that falls silent is given up."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextlib.contextmanager
def _at_most(num_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond that: a server may send without end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limits = [limit for limit in (num_bytes, soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
