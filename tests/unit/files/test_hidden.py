"""A folder was deleted a moment ago: what is in it is found no more, and is found again at once when the folder is back."""

from __future__ import annotations

import pytest

from functions.search.queries import SearchRequest
from functions.search.use_cases import Search
from leanda.errors import NotFound
from leanda.http.cursors import Cursors
from tests.fakes.pipeline import Pipeline
from tests.fakes.search import InProcessAuthority
from tests.unit.files.test_placement import ME, SMILES, folder, origin, pipeline
from tests.unit.search.fakes import MemoryStructures


def found(cloud: Pipeline, file_id: str) -> int:
    search = Search(cloud.index, InProcessAuthority(cloud.nodes, cloud.runs), MemoryStructures(), Cursors(b"key"))
    items = search.find(ME, SearchRequest(), cursor=None, limit=20)["items"]
    return sum(file_id in (item["id"], item.get("fileId")) for item in items)


def test_search_lists_nothing_that_does_not_open() -> None:
    cloud = pipeline()
    above = folder(cloud, "above")
    file_id = cloud.upload("drugs.smi", SMILES, parentId=folder(cloud, "within", above))
    cloud.deliver()
    assert found(cloud, file_id) == 3
    cloud.files.delete(ME, above, "folder", None, origin())
    with pytest.raises(NotFound):
        cloud.files.get(ME, file_id)
    assert found(cloud, file_id) == 0, "the cascade has not come there yet"
    cloud.files.restore(ME, above, "folder", origin())
    assert found(cloud, file_id) == 3
    cloud.deliver()
    assert found(cloud, file_id) == 3


def test_what_is_indexed_while_it_is_hidden_is_there_when_its_folder_is_back() -> None:
    cloud = pipeline()
    above = folder(cloud, "above")
    file_id = cloud.upload("drugs.smi", SMILES, parentId=folder(cloud, "within", above))
    told = list(cloud.broker.sent)
    cloud.files.delete(ME, above, "folder", None, origin())
    cloud.deliver_messages(told)
    cloud.files.restore(ME, above, "folder", origin())
    cloud.deliver()
    assert found(cloud, file_id) == 3
