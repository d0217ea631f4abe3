"""Sizes: what each model costs, and how good its flow is for that."""

from pages.components.pair_picker import pick_pair
from pages.components.runs import start, watch
from pages.components.size_cards import show_cards
from pages.components.size_charts import show_chart, show_published
from pages.components.size_form import choose_sizes
from pages.components.size_shipping import show_shipping
from pages.components.size_table import show_operations, show_table
from pages.components.tasks import measure_size

pair = pick_pair(
    "Sizes",
    "How good is a model for its size? Bytes, arithmetic, time, memory and energy on a pair.",
)
lanes, threads, again = choose_sizes()

runs = start(pair, lanes, threads=threads, again=again, task=measure_size)
points = watch(runs)
if points:
    show_chart(points)
    show_table(points)
    show_operations(points)
    show_cards(point.name for point in points.values())
    show_shipping(points)
show_published(points)
