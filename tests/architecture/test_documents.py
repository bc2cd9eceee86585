"""The documents name what is there: RULES.md its symbols, the decisions' index its records, links their pages."""

import re
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
RULES_MIN = 60


def test_every_rule_is_where_the_page_of_rules_says() -> None:
    places = re.findall(r"^\| .+ \| `([\w.]+):(\w+)` \|$", (ROOT / "docs/RULES.md").read_text(), re.MULTILINE)

    gone = [f"{module}:{symbol}" for module, symbol in places if not hasattr(import_module(module), symbol)]

    assert gone == []
    assert len(places) == len(set(places)) >= RULES_MIN


def test_every_row_of_the_page_of_rules_is_read_by_that_test() -> None:
    rows = [line for line in (ROOT / "docs/RULES.md").read_text().splitlines() if line.startswith("| ")]
    headings = rows.count("| rule | where |")

    assert len(rows) - headings == len([row for row in rows if re.fullmatch(r"\| .+ \| `[\w.]+:\w+` \|", row)])


def test_every_decision_has_a_status_and_its_row_in_the_index() -> None:
    records = {path.name: path.read_text() for path in DECISIONS.glob("0*.md")}
    index = (DECISIONS / "README.md").read_text()

    rows = dict(re.findall(r"^\| \[\d{4}\]\((.+?)\) \| (.+?) \|", index, re.MULTILINE))

    assert rows == {name: text.split("\n", 1)[0].split(": ", 1)[1] for name, text in records.items()}
    assert [name for name, text in records.items() if "\n**Status.** " not in text] == []


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in link
    ]

    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_every_path_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    named = re.findall(
        r"`((?:domain|application|projections|infrastructure|interfaces)/[\w./]*(?:\.py|\.sql|/))`", text
    )

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    rows = [row for row in (ROOT / "docs/GLOSSARY.md").read_text().splitlines() if row.startswith("| ")]
    words = [row.split(" | ")[0].removeprefix("| ").lower() for row in rows][1:]

    assert words == sorted(set(words))
