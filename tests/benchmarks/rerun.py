"""Time of a rerun of Compare with four finished lanes: ``python -m tests.benchmarks.rerun``.

The script alone, as Streamlit runs it after a click, without network and browser.
"""

import time

from streamlit.testing.v1 import AppTest

from pages.components.work import shared_queue

GROUPS = ("Sintel", "KITTI", "Spring", "Warp", "Summary")


def main() -> None:
    app = AppTest.from_file("../../pages/navigation.py", default_timeout=60)
    app.query_params["lanes"] = "4"
    app.run()
    app.switch_page("compare.py").run()
    while app.get("progress"):
        time.sleep(0.2)
        app.run()
    seconds = []
    for name in GROUPS:
        control = next(item for item in app.get("segmented_control") if item.key == "metrics")
        start = time.perf_counter()
        control.set_value(name).run()
        seconds.append(time.perf_counter() - start)
    print(f"cached rerun: {min(seconds):.2f} s best, {sorted(seconds)[2]:.2f} s median of 5")
    for purpose in ("lanes", "files"):
        shared_queue(purpose).shutdown()


if __name__ == "__main__":
    main()
