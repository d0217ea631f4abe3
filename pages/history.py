"""History: what was run, by whom ever, and what it came to."""

import streamlit as st

from flowcore.errors import StoreError
from pages.components.ending import end_page
from pages.components.history_chart import show_chart
from pages.components.history_chosen import show_chosen
from pages.components.history_runs import choose_runs, stored_runs, watch_store
from pages.components.history_table import choose_rows
from pages.components.words import as_text

st.title("History")
st.caption(
    "What was run on whole data sets, here or in a sweep, and which setting is worth its time?"
)
try:
    runs = stored_runs()
except StoreError as error:
    st.error(as_text(error))
    end_page()
watch_store(runs)
if not runs.records:
    st.info(
        "Nothing was run yet. Press Run on the page Datasets, or start a sweep there or in a "
        "terminal: `flowcore sweep grid.toml`."
    )
    end_page()
st.caption(runs.in_words)
shown, by = choose_runs(runs)
if shown.empty:
    st.info("No run has such a lane.")
    end_page()
show_chart(shown, by)
show_chosen(runs, choose_rows(shown))
