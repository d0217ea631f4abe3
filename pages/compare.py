"""Compare: several methods on one pair, side by side."""

from flowcore.export.panels import shared_scale
from pages.components.charts import show_charts
from pages.components.clip import play_clip
from pages.components.color_scale import choose_scale
from pages.components.common import with_common_pixels
from pages.components.downloads import show_downloads
from pages.components.drawing import first_drawing
from pages.components.figures import show_figure_builder
from pages.components.hardships import show_hardships
from pages.components.lane_form import choose_lanes
from pages.components.pair_picker import pick_pair
from pages.components.probe import restart_probe, show_lanes_and_probe
from pages.components.region import choose_region, lanes_within
from pages.components.results import chosen_pixels, offer_new_times, show_table
from pages.components.runs import start, watch
from pages.components.stack import show_stack
from pages.components.stages import show_stages
from pages.components.sweep_link import offer_sweep
from pages.components.why import show_why

is_drawn = first_drawing()
pair = pick_pair("Compare")
lanes, threads, again = choose_lanes()

runs = start(pair, lanes, threads=threads, again=again)
finished = with_common_pixels(pair, runs, watch(runs), again=again)
scale = choose_scale(pair, shared_scale(pair, list(finished.values())))
box = choose_region(pair)
if again:
    restart_probe(pair, runs, threads=threads)

clip = play_clip(pair, lanes, threads=threads, again=again)
marked = chosen_pixels(pair, finished, box)
show_lanes_and_probe(pair, runs, scale, marked, clip=clip, threads=threads)
if finished:
    show_why(pair, finished)
    within = box and (box, lanes_within(pair, runs, finished, box, again=again))
    show_table(finished, within=within)
    offer_new_times(pair, runs, threads=threads)
if finished and is_drawn:
    show_charts(pair, finished)
    show_stages(pair, lanes, scale, threads=threads, again=again)
    show_stack(pair, threads=threads, again=again)
    show_hardships(pair, lanes, threads=threads, again=again)
    show_figure_builder(pair, finished, scale, box)
    show_downloads(pair, finished, scale=scale)
    offer_sweep(lanes)
