"""Eight people at one server: does everyone get the flow of his own frames, and how soon?

``python -m tests.benchmarks.users [--visitors 8] [--comparisons 200]`` starts a server. A visitor
opens Compare over a websocket as a browser does, every time with another motion of the sample photo
(source "One image", lane dis_ultrafast), and waits for the viewer that holds the lane. What came is
held against what the library makes of that motion, byte for byte: frames, true flow, estimate. Said
are the wrong and the lost, the seconds from opening to that viewer (one visitor alone and all at
once), and the memory of the server with its workers before and after.

``--cluster`` has the lanes done by a dask cluster of two worker processes over TCP on this machine.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import psutil
from streamlit.proto.AutoRerun_pb2 import AutoRerun
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from flowcore.data import samples
from flowcore.data.synthetic import make_pair
from flowcore.lane import run_lane
from flowcore.types import PipelineConfig
from flowcore.viz.viewer_payload import ViewerLane, cut_viewer, pack_viewer
from tests.benchmarks.cluster import Cluster
from tests.benchmarks.serving import resident, served

LANE = "dis_ultrafast"
PATIENCE = 180  # s until a comparison counts as lost


@dataclass(frozen=True)
class Visit:
    """A comparison: the motion that was asked for, the payload that came, and after how long."""

    motion: tuple[float, float]
    payload: bytes | None
    seconds: float

    def is_right(self) -> bool:
        """The payload holds the frames, the true flow and the estimate of that motion."""
        dx, dy = self.motion
        pair = make_pair(samples.load("large").first, dx=dx, dy=dy)
        lane = run_lane(pair, PipelineConfig(LANE))
        lanes = [ViewerLane(LANE, lane.estimate.flow)]
        tiles = cut_viewer(pair, lanes)
        expected = pack_viewer(pair, lanes, max_magnitude=8, max_error=2, tiles=tiles)
        return list(_parts(expected)) == list(_parts(self.payload or b""))


def _parts(payload: bytes) -> Iterator[bytes]:
    """Frames, true flow and estimates, as they are packed."""
    header, body = _opened(payload)
    for entry in [header["first"], header["second"]] + [
        lane["flow"] for lane in (header["truth"], *header["lanes"])
    ]:
        yield body[entry["offset"] : entry["offset"] + entry["length"]]


def _opened(payload: bytes) -> tuple[dict, bytes]:
    end = 4 + int.from_bytes(payload[:4], "little")
    return json.loads(payload[4:end]), payload[end:]


async def visit(address: str, motion: tuple[float, float]) -> Visit:
    """Open Compare and wait for a viewer with the lane."""
    dx, dy = motion
    query = urlencode({"lanes": 1, "model1": LANE, "source": "One image", "dx": dx, "dy": dy})
    start = time.perf_counter()
    payload = None
    try:
        async with (
            asyncio.timeout(PATIENCE),
            connect(
                f"ws://{address}/_stcore/stream",
                subprotocols=["streamlit"],
                origin=f"http://{address}",
                max_size=None,
            ) as socket,
        ):
            payload = await _viewer_with_lane(socket, query)
    except (TimeoutError, OSError):
        pass
    return Visit(motion, payload, time.perf_counter() - start)


async def _viewer_with_lane(socket: ClientConnection, query: str) -> bytes:
    """What the page's viewer is given as soon as a lane is in it."""
    page = ""
    parts: list[asyncio.Task] = []  # of the page, which ask to be run again and again
    await _run(socket, query_string=query, page_name="compare")
    try:
        async for data in socket:
            message = ForwardMsg.FromString(data)
            if message.HasField("navigation"):  # the whole page runs
                page = message.navigation.page_script_hash
                _cancel(parts)
            if message.HasField("auto_rerun"):
                parts.append(asyncio.create_task(_repeat(socket, query, page, message.auto_rerun)))
            payload = message.delta.new_element.bidi_component.bytes
            if payload and _opened(payload)[0]["lanes"]:
                return payload
    finally:
        _cancel(parts)
    raise ConnectionError("The server ended the visit.")


def _cancel(tasks: list[asyncio.Task]) -> None:
    while tasks:
        tasks.pop().cancel()


async def _repeat(socket: ClientConnection, query: str, page: str, asked: AutoRerun) -> None:
    while True:
        await asyncio.sleep(asked.interval)
        await _run(
            socket,
            query_string=query,
            page_script_hash=page,
            fragment_id=asked.fragment_id,
            is_auto_rerun=True,
        )


async def _run(socket: ClientConnection, **state: object) -> None:
    await socket.send(BackMsg(rerun_script=ClientState(**state)).SerializeToString())


async def _all_at_once(address: str, num_visitors: int, motions: list) -> list[Visit]:
    """Everyone opens the next comparison as soon as his last one is there."""
    waiting, done = iter(motions), []

    async def visitor() -> None:
        for motion in waiting:
            done.append(await visit(address, motion))

    await asyncio.gather(*(visitor() for _ in range(num_visitors)))
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=8)
    parser.add_argument("--comparisons", type=int, default=200)
    parser.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    steps = np.arange(options.comparisons + 11)
    motions = [(0.5 * (i % 41 - 20), 0.5 * (i // 41) - 2) for i in steps.tolist()]
    with _served(has_cluster=options.cluster) as (address, server):
        asyncio.run(visit(address, motions.pop()))  # everything is loaded
        alone = [asyncio.run(visit(address, motions.pop())) for _ in range(10)]
        _say("one visitor, 10 comparisons", alone)
        print(f"{resident(server):.0f} MB before", flush=True)
        together = asyncio.run(_all_at_once(address, options.visitors, motions))
        _say(f"{options.visitors} visitors, {len(together)} comparisons", together)
        print(f"{resident(server):.0f} MB after", flush=True)
        time.sleep(60)
        print(f"{resident(server):.0f} MB a minute later, with {_tally(server)}")
        print(f"load {os.getloadavg()[0]:.1f}")


@contextmanager
def _served(*, has_cluster: bool) -> Iterator[tuple[str, psutil.Process]]:
    """A server of its own, or one whose lanes are done by a cluster."""
    if not has_cluster:
        with served() as found:
            yield found
        return
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder)).running() as cluster:
        num_workers = str(len(cluster.workers))
        where = {"FLOWSCOPE_SCHEDULER": cluster.address, "FLOWSCOPE_WORKERS": num_workers}
        with served(**where) as found:
            yield found


def _say(who: str, visits: list[Visit]) -> None:
    came = [visit for visit in visits if visit.payload]
    wrong = sum(not visit.is_right() for visit in came)
    seconds = [visit.seconds for visit in came] or [float("nan")]
    p50, p95 = np.percentile(seconds, [50, 95])
    print(
        f"{who}: {wrong} wrong, {len(visits) - len(came)} lost; "
        f"seconds p50 {p50:.2f}, p95 {p95:.2f}, longest {max(seconds):.2f}",
        flush=True,
    )


def _tally(server: psutil.Process) -> str:
    return f"{len(server.children(recursive=True))} processes beside the server's own"


if __name__ == "__main__":
    main()
