"""From what a user asks to what the index is asked."""

from __future__ import annotations

import pytest

from functions.search import queries
from functions.search.errors import FilterInvalid, QueryTooLong
from functions.search.queries import NumberFilter, SearchRequest, ValueFilter
from leanda.access.policy import Viewer

ANNA = Viewer("anna", ("lab",))


def _body(q: str = "", **more: object) -> dict:  # type: ignore[type-arg]
    return queries.search_body(SearchRequest(q, **more), ANNA, limit=10, after=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("molecularWeight:100..200", NumberFilter("molecularWeight", 100, 200)),
        ("MW:..500", NumberFilter("MW", None, 500)),
        ("MW:-1.5e2..", NumberFilter("MW", -150, None)),
        ("a:b:c:1..2", NumberFilter("a:b:c", 1, 2)),
        ("Supplier:ACME", ValueFilter("Supplier", "ACME")),
        ("Time:12:30", ValueFilter("Time", "12:30")),
        ("Path:..", ValueFilter("Path", "..")),
        ("MW:a..b", ValueFilter("MW", "a..b")),
    ],
)
def test_a_filter_is_read_as_it_is_documented(text: str, wanted: NumberFilter | ValueFilter) -> None:
    if text == "Path:..":
        with pytest.raises(FilterInvalid):
            queries.filter_of(text)
        return
    assert queries.filter_of(text) == wanted


@pytest.mark.parametrize("text", ["", "MW", ":5", "MW:", " : ", "MW:1e999..", "\0:\0"])
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(FilterInvalid, match=r"name:min\.\.max"):
        queries.filter_of(text)


@pytest.mark.parametrize("text", ["MW:200..100", "MW:1e-3..-1e3", "a:b:2.0..1.9"])
def test_a_range_that_ends_before_it_begins_is_refused(text: str) -> None:
    with pytest.raises(FilterInvalid, match="from the smaller number"):
        queries.filter_of(text)


def test_a_range_of_one_number_is_a_range() -> None:
    assert queries.filter_of("MW:5..5.0") == NumberFilter("MW", 5, 5)


@pytest.mark.parametrize("q", ["", "aspirin", "C" * 1000, "a | b"])
def test_every_query_is_filtered_by_who_asks(q: str) -> None:
    [access, *_] = _body(q, kind="chemical")["query"]["bool"]["filter"]
    assert access["bool"]["should"] == [
        {"term": {"ownerId": "anna"}},
        {"terms": {"readers": ["user:anna", "group:lab", "public"]}},
    ]
    assert access["bool"]["minimum_should_match"] == 1


def test_the_parser_gets_few_operators_and_what_was_typed_also_goes_around_it() -> None:
    exact, parsed = _body("CC(=O)O[C@H]-a")["query"]["bool"]["should"]
    assert exact["constant_score"]["filter"]["terms"]["identifiers"] == ["CC(=O)O[C@H]-a"]
    assert not {"FUZZY", "SLOP", "NEAR", "ALL"} & set(parsed["simple_query_string"]["flags"].split("|"))


def test_one_very_long_word_is_only_an_identifier() -> None:
    assert len(_body("C(=O)" * 100)["query"]["bool"]["should"]) == 1


def test_very_many_words_are_refused() -> None:
    with pytest.raises(QueryTooLong):
        _body("a " * 65)


def test_an_inchikey_is_found_however_it_is_written() -> None:
    clause = _body("InChIKey=bsynrymutxbxsq-uhfffaoysa-n")["query"]["bool"]["should"][0]
    assert "BSYNRYMUTXBXSQ-UHFFFAOYSA-N" in clause["constant_score"]["filter"]["terms"]["identifiers"]


def test_without_words_the_newest_comes_first_and_with_words_the_best() -> None:
    assert _body(" \0 ")["sort"][0] == {"createdAt": "desc"}
    assert _body("x")["sort"] == [{"_score": "desc"}, {"key": "asc"}]


@pytest.mark.parametrize(
    ("request_", "aliases"),
    [
        (SearchRequest(), ("leanda-nodes-read", "leanda-records-read")),
        (SearchRequest(type="folder"), ("leanda-nodes-read",)),
        (SearchRequest(type="record"), ("leanda-records-read",)),
        (SearchRequest(filters=("a:1",)), ("leanda-records-read",)),
    ],
)
def test_only_the_indices_that_can_answer_are_asked(request_: SearchRequest, aliases: tuple[str, ...]) -> None:
    assert queries.aliases(request_) == aliases
