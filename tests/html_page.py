"""Reads a page as a browser would, but strictly."""

from html.parser import HTMLParser


class Checker(HTMLParser):
    """Holds that elements are closed in order, and gathers what is of interest."""

    VOID = ("meta", "img", "path", "rect", "br", "source")

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def parse(text):
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    return checker
