"""The search index, real and in memory: versions and tombstones; and what only the real one can show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3

from functions.search import domain
from functions.search.adapters import OpenSearchIndex
from functions.search.domain import Stage
from functions.search.errors import DocumentRefused
from functions.search.hiding import MOST, NOTE, Hiding, Mark, document_of, marks_of
from functions.search.mappings import NODES, RECORDS, STATE_INDEX, definitions, read_alias, write_alias
from functions.search.notes import OpenSearchNotes
from functions.search.ports import Versioned
from functions.search.queries import MAX_Q, SearchRequest
from functions.search.use_cases import Search
from leanda import ids, limits
from leanda.access.policy import Viewer
from leanda.contracts.artefacts import FieldValue, Record, RecordStatus, Structure
from leanda.contracts.events import FolderDeleted, FolderRestored
from leanda.errors import InvalidRequest, Unavailable
from leanda.http.cursors import Cursors
from tests.unit.search.fakes import NOW, FixedClock, MemoryAuthority, MemoryIndex, MemoryStructures, facts, rows_of

pytestmark = pytest.mark.integration

ANNA, BORIS = Viewer("anna"), Viewer("boris")
ASPIRIN = {
    "canonicalSmiles": "CC(=O)Oc1ccccc1C(=O)O",
    "inchi": "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)",
    "inchiKey": "BSYNRYMUTXBXSQ-UHFFFAOYSA-N",
    "molecularFormula": "C9H8O4",
    "molecularWeight": 180.16,
}
LONG_SMILES = "C(=O)N" * 7000
HOSTILE = [
    '"', '""', "((", "))((", "*", "**", "?*", "a*", "-", "+", "|", "-a", "~", "a~9", '"a b"~3', "\\", "a\\", "\0", "a\0b",
    "🧪", "\ud800", "[#6]-[#7+]/C=C\\", "OR AND NOT", "name:x", "_exists_:name", "<script>", "%00", " ", "/.*/", "{}", "a" * MAX_Q,
    "(" * MAX_Q, '"' * MAX_Q, "*" * MAX_Q, "a|" * 30, "é" * 500, "-(" * 200, "a* " * 60, "C" * 1999, "a " * 999, "a.b " * 60,
]  # fmt: skip


@pytest.fixture
def server(opensearch: str) -> Iterator[OpenSearchIndex]:
    """The real index, empty."""
    index = OpenSearchIndex(opensearch, max_bulk_bytes=200_000)
    for definition in definitions(local=True):
        index.ensure(definition)
    index.ensure_state()
    yield index
    for name in (*(definition.index for definition in definitions(local=True)), STATE_INDEX):
        _ask(opensearch, "DELETE", f"/{name}")


@pytest.fixture(params=["memory", "opensearch"])
def index(request: pytest.FixtureRequest) -> Any:
    if request.param == "opensearch":
        return request.getfixturevalue("server")
    memory = MemoryIndex()
    for definition in definitions(local=True):
        memory.ensure(definition)
    return memory


def _ask(url: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"content-type": "application/json"}
    reply = urllib3.request(method, url + path, body=json.dumps(body) if body is not None else None, headers=headers)
    assert reply.status < 300, reply.data
    return reply.json()


def _refresh(url: str) -> None:
    _ask(url, "POST", "/leanda-*/_refresh")


def _record(index: int = 0, **more: Any) -> Record:
    return Record(index=index, type="molecule", **more)


def _document(record: Record, node: Any = None, *, run: int = 1, stage: Stage = Stage.PROCESSED) -> Versioned:
    return domain.record_document(rows_of(record)[0], run=run, stage=stage, node=node or facts())


class Found:
    """Searches as a person does, over real documents."""

    def __init__(self, server: OpenSearchIndex, url: str, *nodes: Any) -> None:
        self.server, self.url, self.authority = server, url, MemoryAuthority(*nodes)
        self.search = Search(server, self.authority, MemoryStructures(), Cursors(b"key"))

    def write(self, *documents: Versioned) -> None:
        self.server.write(documents)
        _refresh(self.url)

    def page(
        self, q: str = "", viewer: Viewer = ANNA, *, limit: int = 50, cursor: str | None = None, **more: Any
    ) -> Any:
        return self.search.find(viewer, SearchRequest(q, **more), cursor=cursor, limit=limit)

    def ids(self, q: str = "", **more: Any) -> list[str]:
        return [item["id"] for item in self.page(q, **more)["items"]]


@pytest.fixture
def found(server: OpenSearchIndex, opensearch: str) -> Found:
    return Found(server, opensearch, facts(), facts("file-2", name="Other.csv", kind="tabular"))


class TestVersions:
    def _kept(self, index: Any, url: str, id_: str) -> Any:
        if isinstance(index, MemoryIndex):
            return index.documents[write_alias(RECORDS)][id_].document
        return _ask(url, "GET", f"/{write_alias(RECORDS)}/_doc/{id_}")["_source"]

    def test_the_highest_version_wins_in_whatever_order_they_come(self, index: Any, opensearch: str) -> None:
        processed = _document(_record(name="new"))
        parsed = _document(_record(name="old"), stage=Stage.PARSED)
        index.write([processed])
        index.write([parsed])
        assert self._kept(index, opensearch, processed.id)["name"] == "new"

    def test_the_same_version_again_changes_nothing(self, index: Any, opensearch: str) -> None:
        index.write([_document(_record(name="first"))])
        index.write([_document(_record(name="second"))])
        assert self._kept(index, opensearch, ids.record_id("file-1", 0))["name"] == "first"

    def test_a_late_write_does_not_bring_a_deleted_record_back(self, index: Any, opensearch: str) -> None:
        index.write([_document(_record())])
        index.write([domain.record_tombstone(facts(placement=1, deleted=True), 0)])
        index.write([_document(_record())])
        assert self._kept(index, opensearch, ids.record_id("file-1", 0))["deleted"] is True

    def test_a_restored_record_comes_back(self, index: Any, opensearch: str) -> None:
        index.write([domain.record_tombstone(facts(placement=1, deleted=True), 0)])
        index.write([_document(_record(), facts(placement=2))])
        assert self._kept(index, opensearch, ids.record_id("file-1", 0))["deleted"] is False

    def test_an_unknown_member_is_refused_and_its_neighbours_are_written(self, index: Any, opensearch: str) -> None:
        good, bad = _document(_record(0)), _document(_record(1))
        bad.document["surprise"] = 1
        with pytest.raises(DocumentRefused):
            index.write([bad, good])
        assert self._kept(index, opensearch, good.id)["deleted"] is False

    def test_setting_up_again_changes_nothing(self, index: Any, opensearch: str) -> None:
        index.write([_document(_record(name="kept"))])
        for definition in definitions(local=True):
            index.ensure(definition)
        assert self._kept(index, opensearch, ids.record_id("file-1", 0))["name"] == "kept"


class TestMapping:
    def test_thousands_of_field_names_leave_the_mapping_as_it_is(self, found: Found, opensearch: str) -> None:
        before = _ask(opensearch, "GET", f"/{write_alias(RECORDS)}/_mapping")
        records = [
            _record(n, fields=tuple(FieldValue(name=f"field {n * 200 + i}.x", value=i) for i in range(200)))
            for n in range(25)
        ]
        found.write(*(_document(record) for record in records))
        assert _ask(opensearch, "GET", f"/{write_alias(RECORDS)}/_mapping") == before
        assert found.ids(filters=("field 4999.x:199..199",)) == [ids.record_id("file-1", 24)]

    def test_one_record_with_too_many_fields_is_indexed_by_its_first(self, found: Found) -> None:
        fields = tuple(FieldValue(name=f"f{i}", value=f"word{i}") for i in range(5000))
        found.write(_document(_record(fields=fields)))
        assert found.ids("word199")
        assert not found.ids("word200")

    def test_a_field_may_be_a_number_here_and_text_there(self, found: Found) -> None:
        found.write(
            _document(_record(fields=(FieldValue(name="MW", value=180.2),))),
            _document(_record(fields=(FieldValue(name="MW", value="unknown"),)), facts("file-2")),
            _document(_record(1, fields=(FieldValue(name="MW", value="300.5"),)), facts("file-2")),
        )
        assert found.ids(filters=("MW:..200",)) == [ids.record_id("file-1", 0)]
        assert found.ids(filters=("mw:unknown",)) == [ids.record_id("file-2", 0)]
        assert found.ids(filters=("MW:300.5",)) == [ids.record_id("file-2", 1)]

    def test_strange_names_and_huge_values_are_taken(self, found: Found) -> None:
        fields = (
            FieldValue(name="", value="empty"), FieldValue(name=".", value="dot"), FieldValue(name="a..b", value="dots"),
            FieldValue(name="x" * 40_000, value=1), FieldValue(name="long", value="y" * 100_000), FieldValue(name="n", value=None),
            FieldValue(name="huge", value=10**400), FieldValue(name="e", value="1e999"), FieldValue(name="\ud800", value="\udfff"),
            FieldValue(name="b", value=True), FieldValue(name="words", value="needle " * 20_000),
        )  # fmt: skip
        found.write(
            _document(_record(name="n" * 50_000, fields=fields, properties={"future": 1, "other": "é" * 40_000}))
        )
        page = found.page("needle")
        assert page["total"] == 1
        assert page["items"][0]["highlights"]["text"]
        assert found.ids(filters=("future:1..1",))


class TestIdentifiers:
    @pytest.mark.parametrize(
        "q",
        [
            *(str(value) for value in ASPIRIN.values() if isinstance(value, str)),
            "bsynrymutxbxsq-uhfffaoysa-n",
            "BSYNRYMUTXBXSQ",
        ],
    )
    def test_a_molecule_is_found_by_what_names_it(self, found: Found, q: str) -> None:
        other = ASPIRIN | dict.fromkeys(("canonicalSmiles", "inchi", "inchiKey", "molecularFormula"), "x")
        found.write(_document(_record(0, properties=ASPIRIN)), _document(_record(1, properties=other)))
        assert found.ids(q) == [ids.record_id("file-1", 0)]

    @pytest.mark.parametrize(
        "smiles", ["O=C(C)Oc1ccccc1C(=O)O", "[Na+].[Cl-]", r"F/C=C\F", "C#N", "[13CH3:1]@@", "-C", "(C)"]
    )
    def test_a_smiles_is_found_as_its_file_writes_it(self, found: Found, smiles: str) -> None:
        text = Structure(media_type="chemical/x-daylight-smiles", text=f"{smiles} title")
        found.write(_document(_record(0, structure=text, properties=ASPIRIN)), _document(_record(1, properties={})))
        assert found.page(smiles)["items"][0]["id"] == ids.record_id("file-1", 0)

    def test_a_smiles_longer_than_a_term_does_not_lose_its_record(self, found: Found) -> None:
        found.write(_document(_record(properties={"canonicalSmiles": LONG_SMILES, "inchi": "InChI=" + "1" * 40_000})))
        assert found.ids(filters=(f"canonicalSmiles:{LONG_SMILES}",)) == [ids.record_id("file-1", 0)]


class TestOwnText:
    def test_words_and_phrases_of_a_page_are_found_and_shown_escaped(self, found: Found) -> None:
        text = Structure(media_type="text/plain", text="The <crude>\nsulfonamide was filtered oﬀ.\nYield: 74 %")
        found.write(_document(_record(0, structure=text)), _document(_record(1)))
        [hit] = found.page('"crude sulfonamide"')["items"]
        assert hit["id"] == ids.record_id("file-1", 0)
        assert "&lt;<em>crude</em>&gt;" in hit["highlights"]["text"][0]
        assert found.ids("filtered off") == [hit["id"]]

    @pytest.mark.parametrize("q", ["needle", "need*", '"last needle"'])
    def test_the_longest_text_is_searched_to_its_end_and_highlighted(self, found: Found, q: str) -> None:
        words = "word " * (limits.MAX_SEARCHED_CHARACTERS // 5 - 3) + "last needle"
        fields = tuple(FieldValue(name=f"f{n}", value="filler " * 140) for n in range(limits.MAX_INDEXED_FIELDS))
        text = Structure(media_type="text/plain", text=words + " beyond" * 10)
        found.write(_document(_record(structure=text, fields=fields)))
        [hit] = found.page(q)["items"]
        assert "<em>needle</em>" in " ".join(hit["highlights"]["text"])


class TestQueries:
    @pytest.fixture(autouse=True)
    def _documents(self, found: Found) -> None:
        fields = (
            FieldValue(name="Supplier", value='ACME <b>"Labs"</b>'),
            FieldValue(name="Note", value="white powder"),
        )
        found.write(
            domain.node_document(facts()),
            domain.node_document(facts("file-2", name="Other.csv", kind="tabular")),
            domain.node_document(facts("folder-1", type="folder", name="Aspirin things", kind=None, status=None)),
            domain.node_document(facts("file-3", ownerId="boris", name="Aspirin of Boris.sdf")),
            _document(_record(0, name="aspirin", fields=fields, properties=ASPIRIN)),
            _document(_record(1, name="caffeine", properties={"molecularWeight": 194.19})),
        )
        found.authority.nodes["folder-1"] = facts("folder-1", type="folder")

    def test_whatever_is_typed_is_an_answer_or_a_sentence(self, found: Found) -> None:
        for q in HOSTILE:
            try:
                assert found.page(q)["total"] >= 0, q
            except InvalidRequest as refusal:
                assert refusal.message  # noqa: PT017

    @pytest.mark.parametrize(
        "q",
        [
            "aspirin",
            "asp",
            "ASPIRIN batch",
            "sdf aspirin",
            "batch-7",
            "Aspirin_batch-7.sdf",
            "aspi* 7",
            "ASPI*",
            "batch-7*",
        ],
    )
    def test_a_file_is_found_by_parts_of_its_name(self, found: Found, q: str) -> None:
        assert "file-1" in found.ids(q)

    def test_field_names_and_values_are_found_and_shown_escaped(self, found: Found) -> None:
        [item] = found.page("acme labs supplier")["items"]
        assert item["highlights"]["text"] == [
            "<em>Supplier</em>: <em>ACME</em> &lt;b&gt;&quot;<em>Labs</em>&quot;&lt;&#x2F;b&gt;"
        ]

    def test_operators_do_what_is_said(self, found: Found) -> None:
        aspirin = ids.record_id("file-1", 0)
        assert found.ids('"white powder"') == [aspirin]
        assert found.ids('"powder white"') == []
        assert set(found.ids("aspirin -batch")) == {"folder-1", aspirin}
        assert ids.record_id("file-1", 1) in found.ids("caffeine | powder")

    def test_numbers_are_found_within_bounds(self, found: Found) -> None:
        assert found.ids(filters=("molecularWeight:100..190",)) == [ids.record_id("file-1", 0)]
        assert found.ids(filters=("molecularWeight:190..",)) == [ids.record_id("file-1", 1)]
        assert found.ids(filters=("molecularWeight:..190", 'Supplier:acme <B>"labs"</b>')) == [
            ids.record_id("file-1", 0)
        ]
        assert found.ids(filters=("molecularFormula:C9H8O4",)) == [ids.record_id("file-1", 0)]

    def test_facets_and_total_count_what_is_found(self, found: Found) -> None:
        page = found.page("aspirin")
        assert page["total"] == 3
        assert {bucket["value"]: bucket["count"] for bucket in page["facets"]["type"]} == {
            "file": 1,
            "folder": 1,
            "record": 1,
        }
        assert found.page("", kind="tabular")["facets"]["type"] == [{"value": "file", "count": 1}]

    def test_nobody_sees_or_counts_what_is_somebody_elses(self, found: Found) -> None:
        page = found.page("aspirin", Viewer("boris"))
        assert page["total"] == 1
        assert page["items"] == []  # the authority does not know the file, so even its owner does not see it
        nobody = found.page("aspirin", Viewer("mallory"))
        assert (nobody["total"], nobody["items"]) == (0, [])
        assert nobody["facets"] == {"kind": [], "status": [], "type": []}

    def test_a_reader_by_grant_sees_the_file(self, found: Found) -> None:
        granted = facts(grants={"user:boris": "read"}, revision=5)
        found.write(domain.node_document(granted))
        found.authority.nodes["file-1"] = granted
        assert found.ids("batch", viewer=BORIS) == ["file-1"]

    def test_a_deleted_file_is_not_found(self, found: Found) -> None:
        found.write(domain.node_document(facts(deleted=True, revision=9)))
        assert "file-1" not in found.ids("aspirin")
        assert found.page("", type="file")["total"] == 1  # a tombstone is not even counted

    def test_without_words_everything_is_listed_newest_first(self, found: Found) -> None:
        found.write(domain.node_document(facts("file-2", createdAt="2027-01-01T00:00:00+00:00", revision=3)))
        first, second, third, fourth, fifth = found.ids()
        assert first == "file-2"
        assert [second, third, fourth, fifth] == [
            "file-1", ids.record_id("file-1", 0), ids.record_id("file-1", 1), "folder-1",
        ]  # fmt: skip
        assert found.ids(type="record", file_id="file-1") == [third, fourth]

    @pytest.mark.parametrize("q", ["", "aspirin | caffeine | sdf"])
    def test_pages_neither_repeat_nor_skip_while_others_write(self, found: Found, q: str) -> None:
        found.write(*(_document(_record(n, name=f"aspirin {n % 3}")) for n in range(2, 40)))
        whole, seen, cursor = found.ids(q, limit=200), [], None
        while True:
            page = found.page(q, limit=7, cursor=cursor)
            seen += [item["id"] for item in page["items"]]
            found.write(domain.node_document(facts(f"late-{len(seen)}", ownerId="boris", name="aspirin")))
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert len(whole) == len(set(whole)) >= 41
        assert sorted(seen) == sorted(whole)


class TestHidden:
    """What lies below folders that are being deleted, while the index still has all of it."""

    ANNAS = ("anna", "folder", "deep")
    BELOW = ("folder", "deep", "inside", ids.record_id("inside", 0), "deeper")
    BESIDE = ("beside", ids.record_id("beside", 0))

    @pytest.fixture
    def everything(self, index: Any, opensearch: str) -> Search:
        nodes = [
            _folder("folder", "anna"),
            _folder("deep", "anna", "folder"),
            facts("inside", ancestors=self.ANNAS[:2]),
            facts("deeper", ancestors=self.ANNAS, kind="tabular", grants={"user:boris": "read"}),
            facts("beside"),
        ]
        index.write(
            [
                *map(domain.node_document, nodes),
                _document(_record(), facts("inside", ancestors=self.ANNAS[:2])),
                _document(_record(), facts("beside")),
            ]
        )
        if not isinstance(index, MemoryIndex):
            _refresh(opensearch)
        return Search(index, MemoryAuthority(*nodes), MemoryStructures(), Cursors(b"key"))

    @pytest.fixture
    def hiding(self, index: Any) -> Hiding:
        return Hiding(index.notes if isinstance(index, MemoryIndex) else OpenSearchNotes(index.server), FixedClock())

    def _found(self, search: Search, viewer: Viewer = ANNA) -> tuple[set[str], int]:
        page = search.find(viewer, SearchRequest(), cursor=None, limit=50)
        return {item["id"] for item in page["items"]}, page["total"]

    def test_without_the_document_all_is_found(self, everything: Search) -> None:
        assert self._found(everything) == ({*self.BELOW, *self.BESIDE}, 7)

    def test_a_folder_and_all_below_it_are_left_out_at_once(self, everything: Search, hiding: Hiding) -> None:
        hiding.follow(*_deletion("folder"))
        assert self._found(everything) == (set(self.BESIDE), 2)
        hiding.follow(*_deletion("folder", placement=2, restored=True))
        assert self._found(everything) == ({*self.BELOW, *self.BESIDE}, 7)

    def test_what_lies_above_and_beside_stays(self, everything: Search, hiding: Hiding) -> None:
        hiding.follow(*_deletion("deep"))
        assert self._found(everything)[0] == {*self.BELOW, *self.BESIDE} - {"deep", "deeper"}

    def test_many_folders_are_hidden_by_many_writers(self, everything: Search, hiding: Hiding) -> None:
        names = [f"other-{n}" for n in range(40)] + ["folder"]
        with ThreadPoolExecutor(4) as writers:
            list(writers.map(lambda name: hiding.follow(*_deletion(name)), names))
        assert self._found(everything) == (set(self.BESIDE), 2)
        marks = marks_of(hiding.notes.load(NOTE)[0])
        assert set(marks) == set(names)


class TestHiddenFromOthers:
    def test_totals_and_facets_of_a_reader_leave_out_what_is_deleted_above(self, found: Found) -> None:
        shared = facts("file-1", ancestors=["anna", "folder"], grants={"user:boris": "read"})
        found.authority.nodes["file-1"] = shared
        found.write(domain.node_document(shared), _document(_record(), shared))
        page = found.page(viewer=BORIS)
        assert (page["total"], len(page["items"]), len(page["facets"]["type"])) == (2, 2, 2)
        Hiding(OpenSearchNotes(found.server.server), FixedClock()).follow(*_deletion("folder"))
        page = found.page(viewer=BORIS)
        assert (page["total"], page["items"]) == (0, [])
        assert page["facets"] == {"kind": [], "status": [], "type": []}

    def test_the_longest_list_is_looked_up_with_every_query(self, found: Found) -> None:
        hidden = facts("file-1", ancestors=["anna", f"folder-{MOST - 1}"])
        found.write(domain.node_document(hidden), _document(_record(name="aspirin"), hidden))
        found.write(domain.node_document(facts("file-2", name="aspirin")))
        marks = {f"folder-{n}": Mark(1, True, NOW) for n in range(MOST)}
        OpenSearchNotes(found.server.server).save(NOTE, document_of(marks), None)
        assert found.ids() == ["file-2"]
        assert found.ids("aspirin") == ["file-2"]
        assert found.ids(type="record") == []


def _folder(key: str, *ancestors: str, **more: Any) -> Any:
    return facts(key, type="folder", name=key, ancestors=ancestors, kind=None, status=None, **more)


def _deletion(key: str, *, placement: int = 1, restored: bool = False) -> tuple[list[Any], dict[str, Any]]:
    """The event that a folder's deletion begins or is taken back, with what `files` says of the folder then."""
    told = (FolderRestored if restored else FolderDeleted)(
        file_id=key, node_type="folder", owner_id="anna", revision=placement, placement=placement, deletion=f"{key}:1"
    )
    return [told], {key: _folder(key, "anna", placement=placement, revision=placement, deleted=not restored)}


class TestProblems:
    def test_a_missing_index_is_unavailable_and_loses_nothing(self, opensearch: str, server: OpenSearchIndex) -> None:
        _ask(opensearch, "DELETE", f"/{definitions(local=True)[1].index}")
        with pytest.raises(Unavailable):
            server.write([_document(_record())])
        with pytest.raises(Unavailable):
            server.search((read_alias(NODES), read_alias(RECORDS)), {"query": {"match_all": {}}}, preference="x")
        server.ensure(definitions(local=True)[1])

    def test_a_silent_server_is_unavailable(self) -> None:
        with pytest.raises(Unavailable):
            OpenSearchIndex("http://127.0.0.1:9").write([_document(_record())])

    def test_failed_records_have_no_document(self) -> None:
        failed = _record(status=RecordStatus.FAILED)
        assert list(domain.chunk_documents(rows_of(failed), run=1, stage=Stage.PROCESSED, node=facts())) == []
