"""Memory of the server over 100 comparisons of changing pairs, and two users at once.

``python -m tests.benchmarks.server_memory`` starts a server, opens Compare 100 times on a pair of
another motion, and prints the resident memory of the server with its workers; then two browsers run
TV-L1 on different pairs at the same time.
"""

import shutil
import time

from playwright.sync_api import sync_playwright

from tests.benchmarks.serving import resident, served

LANES = "lanes=2&model1=dis_fast&model2=dis_ultrafast&source=One+image"


def open_and_wait(page, address: str, query: str, picture: str) -> None:
    page.goto(f"http://{address}/compare?{query}")
    page.get_by_role("img", name=picture, exact=True).wait_for(timeout=120_000)


def main() -> None:
    with served() as (address, process), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        for index in range(1, 101):
            open_and_wait(page, address, f"{LANES}&dx={index / 4}", "dis_ultrafast: Flow")
            if index in (1, 10, 25, 50, 75, 100):
                print(f"after {index:3} runs: {resident(process):7.0f} MB", flush=True)
        users = [browser.new_context().new_page() for _ in range(2)]
        slow = "lanes=1&model1=tvl1&source=One+image"
        start = time.perf_counter()
        for user, dx in zip(users, (3, 4), strict=True):
            user.goto(f"http://{address}/compare?{slow}&dx={dx}")
        for number, user in enumerate(users, start=1):
            user.get_by_role("img", name="tvl1: Flow", exact=True).wait_for(timeout=120_000)
            print(f"user {number} served after {time.perf_counter() - start:5.1f} s")
        browser.close()


if __name__ == "__main__":
    main()
