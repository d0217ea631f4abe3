"""The pages and their addresses, nothing else."""

import streamlit as st

from flowcore.places import ASSETS
from pages.components.garbage import spare_modules
from pages.components.links import enter
from pages.components.ticking import hand_over
from pages.components.work import visit

ICON = ASSETS / "favicon.png"

st.set_page_config(page_title="Flowscope", page_icon=ICON, layout="wide")
st.html(ASSETS / "page.css")
page = st.navigation(
    {
        "": [
            st.Page("start.py", title="Start", default=True),
            st.Page("compare.py", title="Compare", url_path="compare"),
        ],
        "Understand": [
            st.Page("sizes.py", title="Sizes", url_path="sizes"),
            st.Page("chunking.py", title="Chunking", url_path="chunking"),
            st.Page("digits.py", title="Digits", url_path="digits"),
            st.Page("bursts.py", title="Bursts", url_path="bursts"),
        ],
        "Train": [
            st.Page("training.py", title="Training", url_path="training"),
            st.Page("semantics.py", title="Semantics", url_path="semantics"),
        ],
        "Stress": [st.Page("robustness.py", title="Robustness", url_path="robustness")],
        "Scale": [
            st.Page("datasets.py", title="Datasets", url_path="datasets"),
            st.Page("history.py", title="History", url_path="history"),
        ],
    },
    position="top",
)
enter(page.url_path)
with visit():
    try:
        page.run()
    finally:
        spare_modules(page.url_path)
        hand_over()
