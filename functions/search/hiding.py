"""Folders whose deletion is under way. A search leaves out what lies below them, though the index still has it.

A deletion goes down a folder in steps (`functions.files.cascades`), and each step reaches the index as events of its own. So that
nothing below is found, counted or shown in a facet until the last of them has arrived, the folder that was deleted stands in one
small document, which every query looks up (`queries.HIDDEN_BELOW`). One document for all owners: a file may be shown to somebody
who does not own it, and entries stay for minutes.

- In it comes the folder where a deletion begins, not those that it takes along: everything below has the first one among its
  ancestors.
- Out of it goes a folder that was restored; one below which nothing is left to find (`settled`, asked now and then by the
  reconciler); and, at the next change, what is older than `LONGEST` or beyond the newest `MOST`.
- Whoever was late changes nothing: an entry has the folder's revision at its event, the highest wins, and a restored folder is
  remembered for as long as somebody may still know less.

Nothing of that decides who may see what: every hit is authorised by `files`. When an entry goes too early, a total counts what is
about to go.

A move hides nothing. It stays within one owner, who sees what is moved before, during and after; and others see a file by its own
grants, not by those of its folders. What was moved out of a folder just before that was deleted is hidden until the index has heard
of the move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from functions.search.errors import Overtaken
from functions.search.ports import Document, Holdings, NodeFacts, Notes
from leanda.contracts.events import EventData, FolderDeleted, FolderRestored
from leanda.errors import Unavailable
from leanda.ports import Clock

NOTE: Final = "hidden"
HIDDEN, SHOWN = "hidden", "shown"
"""Members of the document: lists of `{id, revision, at}`."""
MOST: Final = 1_000
"""Entries of each list; a query may name 65,536 terms (OpenSearch, `index.max_terms_count`)."""
LONGEST: Final = timedelta(days=1)
"""A cascade that takes longer shows what it has not reached yet."""
REMEMBERED: Final = timedelta(hours=1)
"""Of a restored folder: longer than an invocation, which ends after 15 minutes, can go on with facts of before."""
SETTLING: Final = timedelta(minutes=2)
"""So long at least a folder stays hidden: something that was written into it just before may not be in the index yet."""
TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of a folder since `at`: whether what lies below it is hidden, as of a revision of the folder."""

    revision: int
    hidden: bool
    at: datetime


Marks = Mapping[str, Mark]


class Word(NamedTuple):
    """What an event says of a folder: that its deletion began at a revision, or that it was back."""

    folder: str
    revision: int
    hidden: bool


def words_of(facts: Iterable[EventData], nodes: Mapping[str, NodeFacts]) -> list[Word]:
    """What events say of folders by whose own deletion everything below is deleted.

    A deletion is named after the folder where it began (`functions.files.placement.deleted`). Repetitions of its event, which go on
    with more children, have a cursor. A deletion that is not in force any more, by what `files` says now, is not worth a word: its
    placement is not the folder's.
    """
    words: list[Word] = []
    for fact in facts:
        if not isinstance(fact, FolderDeleted | FolderRestored) or fact.cursor is not None:
            continue
        if not (fact.deletion or "").startswith(f"{fact.file_id}:"):
            continue
        hidden = isinstance(fact, FolderDeleted)
        now = nodes.get(fact.file_id)
        if not hidden or (now is not None and now.deleted and now.placement == fact.placement):
            words.append(Word(fact.file_id, fact.revision, hidden))
    return words


def marked(marks: Marks, words: Iterable[Word], *, now: datetime) -> Marks:
    """The marks after some words; neither their order nor their repetition matters."""
    found = dict(marks)
    for word in words:
        known = found.get(word.folder)
        if known is None or known.revision < word.revision:
            found[word.folder] = Mark(word.revision, word.hidden, now)
    return found


def bounded(marks: Marks, *, now: datetime) -> Marks:
    """The marks that are worth keeping: not too old, and of each kind the newest."""
    kept: dict[str, Mark] = {}
    for hidden, age in ((True, LONGEST), (False, REMEMBERED)):
        young = [(key, mark) for key, mark in marks.items() if mark.hidden is hidden and mark.at > now - age]
        kept |= sorted(young, key=lambda one: (one[1].at, one[0]))[-MOST:]
    return kept


def marks_of(document: Document) -> Marks:
    return {
        entry["id"]: Mark(entry["revision"], name == HIDDEN, datetime.fromisoformat(entry["at"]))
        for name in (SHOWN, HIDDEN)
        for entry in document.get(name, ())
    }


def document_of(marks: Marks) -> Document:
    document: Document = {HIDDEN: [], SHOWN: []}
    for key, mark in sorted(marks.items()):
        entry = {"id": key, "revision": mark.revision, "at": mark.at.isoformat()}
        document[HIDDEN if mark.hidden else SHOWN].append(entry)
    return document


@dataclass(frozen=True)
class Hiding:
    """Keeps the document. Everything here can be repeated; both raise `Unavailable` when the index does not answer."""

    notes: Notes
    clock: Clock

    def follow(self, facts: Iterable[EventData], nodes: Mapping[str, NodeFacts]) -> None:
        """Hide what lies below folders whose deletion begins, and no longer what lies below those that are back.

        Args:
            facts: events; others than these cost nothing.
            nodes: what `files` says now of the nodes that they are about.
        """
        words = words_of(facts, nodes)
        if words:
            self._change(lambda marks, now: marked(marks, words, now=now))

    def settle(self, holdings: Holdings, aliases: tuple[str, ...]) -> list[str]:
        """Take out the folders below which nothing is left that could be found; returns their ids."""
        marks, until = marks_of(self.notes.load(NOTE)[0]), self.clock.now() - SETTLING
        old = {key: mark for key, mark in marks.items() if mark.hidden and mark.at <= until}
        if not old:
            return []
        for alias in aliases:
            holdings.refresh(alias)
        settled = {key: old[key] for key in old.keys() - holdings.not_empty(aliases, list(old))}
        if settled:
            self._change(lambda marks, _: {key: mark for key, mark in marks.items() if settled.get(key) != mark})
        return sorted(settled)

    def _change(self, decide: Callable[[Marks, datetime], Marks]) -> None:
        for _ in range(TRIES):
            document, token = self.notes.load(NOTE)
            before, now = marks_of(document), self.clock.now()
            after = bounded(decide(before, now), now=now)
            if after == before:
                return
            try:
                self.notes.save(NOTE, document_of(after), token)
            except Overtaken:
                continue  # somebody else changed it since: decide on what they made of it
            return
        raise Unavailable(detail=f"{NOTE}: overtaken {TRIES} times")
