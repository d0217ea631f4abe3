"""What a person does on Datasets to bring data along."""

from tests.browser.waiting import settled


def drop_dataset(page, name, content):
    """Drop a ZIP and close its drawer; its data set is the one of the page then."""
    settled(page).get_by_role("button", name="Data set", exact=True).click()
    page.locator("input[type=file]").last.set_input_files(
        {"name": name, "mimeType": "application/zip", "buffer": content}
    )
    page.wait_for_url("**dataset=upload-**")
    settled(page)
    page.keyboard.press("Escape")
