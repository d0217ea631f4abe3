"""README's pictures of Compare anew: ``python -m tests.benchmarks.screenshots``.

The sample that the app opens with, four lanes; light and dark, at 1280 px and on a phone. On a
quiet machine, or the times in the pictures are gray.
"""

import io
import shutil

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from flowcore.places import ASSETS
from tests.benchmarks.serving import served
from tests.browser.waiting import settled

SIZES = {"compare": (1280, 1650), "compare-phone": (400, 1800)}  # (width, height)
SCHEMES = ("light", "dark")
MOST_BYTES = 300_000


def taken(browser: Browser, url: str, size: tuple[int, int], scheme: str) -> Image.Image:
    """The page once it rests, from its top."""
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(url)
    page.get_by_role("img", name="tvl1: Flow").wait_for(timeout=120_000)
    picture = Image.open(io.BytesIO(settled(page).screenshot()))
    page.close()
    return picture.convert("RGB")


def encoded(picture: Image.Image) -> bytes:
    """The best JPEG in full color that is not too large."""
    for quality in range(90, 50, -2):
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality, subsampling=0, optimize=True)
        if stream.tell() <= MOST_BYTES:
            break
    return stream.getvalue()


def main() -> None:
    with served() as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, size in SIZES.items():
            for scheme in SCHEMES:
                url = f"http://{address}/compare?lanes=4"
                data = encoded(taken(browser, url, size, scheme))
                path = ASSETS / "screenshots" / f"{name}-{scheme}.jpg"
                path.write_bytes(data)
                print(f"{path.name:28} {len(data) / 1000:6.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
