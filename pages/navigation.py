"""The pages and their addresses, nothing else."""

from pathlib import Path

import streamlit as st

ICON = Path(__file__).resolve().parents[1] / "assets" / "favicon.png"

st.set_page_config(page_title="Flowscope", page_icon=ICON, layout="wide")
st.navigation(
    [
        st.Page("start.py", title="Start", default=True),
        st.Page("compare.py", title="Compare", url_path="compare"),
    ],
    position="top",
).run()
