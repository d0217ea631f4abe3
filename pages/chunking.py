"""Chunking: what it costs to estimate a pair in chunks, and how to make it cost less."""

from flowcore.export.panels import shared_scale
from pages.components.chunk_advice import show_advice
from pages.components.chunk_curves import show_curves
from pages.components.chunk_form import choose_chunks, rivals
from pages.components.chunk_picture import show_grid
from pages.components.chunk_seams import show_seams
from pages.components.chunk_table import show_costs
from pages.components.color_scale import choose_scale
from pages.components.downloads import show_downloads
from pages.components.ending import end_page
from pages.components.pair_picker import pick_pair
from pages.components.results import show_lanes
from pages.components.runs import start, watch

pair = pick_pair(
    "Chunking",
    "A chunk fits where a frame does not. What is lost at the seams, and what does it take to lose "
    "nothing?",
)
choice = choose_chunks(pair)
show_grid(pair, choice)
if choice is None:
    end_page()

whole_seconds = None
if choice.is_asked:
    lanes = rivals(pair, choice)
    runs = start(pair, lanes, threads=choice.threads, again=choice.is_pressed)
    finished = watch(runs)
    scale = choose_scale(pair, shared_scale(pair, list(finished.values())))
    show_lanes(pair, runs, scale, None)
    if finished:
        show_costs(pair, finished)
        show_downloads(pair, finished, scale=scale)
    if finished and all(run.job.is_over for run in runs):
        show_seams(pair, choice, finished)
    if lanes[0].title in finished:
        whole_seconds = finished[lanes[0].title].estimate.seconds
points = show_curves(pair, choice)
show_advice(pair, choice.config.model, points, whole_seconds=whole_seconds)
