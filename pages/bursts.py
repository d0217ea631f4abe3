"""Bursts: the middle frame out of several, by attention and without, and where attention looked."""

from pages.components.burst_attention import show_attention
from pages.components.burst_flow import show_implied_flow
from pages.components.burst_form import choose_methods
from pages.components.burst_picker import pick_burst
from pages.components.burst_results import show_restorations
from pages.components.burst_runs import start_bursts
from pages.components.runs import watch

burst = pick_burst(
    "Bursts",
    "Several noisy frames of one scene: what is the middle one without the noise, does attention "
    "over patches beat averaging and alignment, and does it find the motion?",
)
choice = choose_methods(burst)
runs = start_bursts(burst, choice)
finished = watch(runs, again="Run again")
show_restorations(burst, finished)
nets = {title: found for title, found in finished.items() if found.gaze is not None}
if nets:
    show_attention(burst, nets)
    show_implied_flow(burst, nets)
