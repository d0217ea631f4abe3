"""What a page is opened for before its charts: they wait until that has been drawn."""

import time

import streamlit as st

__all__ = ["first_drawing"]

IS_DRAWN = "is_drawn"
TABLE = "[data-testid=stDataFrame] canvas"
# Called again by every run of the page, as its data are another number. A drawing that came before
# it, or was told while the page was about to run anyway and so got lost, is told a second later,
# unless the page has taken it away by then.
WITNESS_SCRIPT = """
export default function ({ setTriggerValue }) {
  const tell = () => setTriggerValue("drawn", true);
  const isLate = "flowDrawn" in document.documentElement.dataset;
  const telling = isLate ? setTimeout(tell, 1000) : 0;
  document.addEventListener("flowdrawn", tell, { once: true });
  return () => {
    clearTimeout(telling);
    document.removeEventListener("flowdrawn", tell);
  };
}
"""
# Of what does not tell by itself that it is drawn: the first frame after it is there.
LOOKOUT_SCRIPT = """
export default function ({ data, setTriggerValue }) {
  const tell = () => requestAnimationFrame(() => setTriggerValue("drawn", true));
  const observer = new MutationObserver(look);
  function look() {
    if (document.querySelector(data.selector) !== null) {
      observer.disconnect();
      tell();
    }
  }
  observer.observe(document.body, { childList: true, subtree: true });
  look();
  return () => observer.disconnect();
}
"""
_WITNESS = st.components.v2.component("first_drawing", js=WITNESS_SCRIPT)
_LOOKOUT = st.components.v2.component("first_table", js=LOOKOUT_SCRIPT)


def first_drawing(*, is_table: bool = False) -> bool:
    """Whether this browser has drawn a viewer already; when it has, the page runs once more.

    Plotly's script alone keeps a browser busy for a second or more, in which no flow is drawn: what
    needs it is sent only afterwards. To be called before anything else of the page, so that
    Streamlit's part for components is there when the viewer comes. ``is_table`` waits for a table
    instead, on pages that have no viewer.
    """
    is_drawn = bool(st.session_state.get(IS_DRAWN))
    with st.container(key="unseen"):  # for good: all below it keeps its place
        if not is_drawn and is_table:
            _LOOKOUT(data={"selector": TABLE}, key="first-drawing", on_drawn_change=_remember)
        elif not is_drawn:
            _WITNESS(data=time.monotonic(), key="first-drawing", on_drawn_change=_remember)
    return is_drawn


def _remember() -> None:
    st.session_state[IS_DRAWN] = True
