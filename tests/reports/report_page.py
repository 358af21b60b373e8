"""What tests ask of a report's page in a browser: what it says of itself, and its search box."""

import json


def dataset(browser):
    """What the page says of itself: whether it is ready, how much is drawn, what is chosen."""
    return json.loads(browser.evaluate("JSON.stringify(document.documentElement.dataset)"))


def search(browser, prefix="", **values):
    """Type into the search box and choose from its lists; the texts that are found."""
    for name, value in values.items():
        field = f"document.getElementById('{prefix}{name}')"
        chosen = json.dumps(value)
        browser.evaluate(
            f"(f => {{ f.value = [...f.options ?? []].find(o => o.textContent === {chosen})?.value"
            f" ?? {chosen}; f.dispatchEvent(new Event('input')); }})({field})"
        )
    browser.settle()
    items = f"[...document.querySelectorAll('#{prefix}found button')].map(b => b.textContent)"
    return browser.evaluate(items)
