"""The search command."""

from __future__ import annotations

import html
import textwrap
from typing import Annotated, Any, Final

import typer

from cli import places
from cli.output import cell, plain, print_json, status, stdout, table
from cli.settings import state_of
from leanda_client import Hit

MATCHED_CHARACTERS: Final = 80


def search(
    context: typer.Context,
    query: Annotated[
        str,
        typer.Argument(help="Words, a value, an InChIKey, an InChI, a SMILES. Empty: everything."),
    ] = "",
    type_: Annotated[str, typer.Option("--type", help="file, folder or record.")] = "",
    kind: Annotated[str, typer.Option(help="chemical, tabular, …")] = "",
    only: Annotated[str, typer.Option("--status", help="A status, such as Processed or Failed.")] = "",
    file: Annotated[str, typer.Option(help="Only this file and its records: id or path.")] = "",
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", help="molecularWeight:150..200, MW:..500 or Supplier:ACME; may be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many hits to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for scripts.")] = False,
) -> None:
    """Search files, folders and records.

    All words must match. Operators: "a phrase", begin*, a | b, -without.
    """
    with state_of(context).client() as client:
        page = client.search_page(
            query,
            type=type_ or None,
            kind=kind or None,
            status=only or None,
            file_id=places.file_id(client, file) if file else None,
            filters=filters or [],
            limit=limit,
        )
    if as_json:
        print_json(page)
        return
    console, items = stdout(), page["items"]
    if items:
        console.print(hits_table(items))
    total = page.get("total", len(items))
    console.print(f"{total} found" + (f", {len(items)} shown" if len(items) < total else ""), style="dim")


def hits_table(hits: list[Hit]) -> Any:
    """Hits with what identifies them."""
    shown = table(None, "type", "name", "formula", "weight", "where", "matched", right=["weight"])
    for hit in hits:
        properties = hit.get("properties") or {}
        weight = properties.get("molecularWeight")
        shown.add_row(
            cell(hit.get("recordType") or hit.get("type", "")),
            cell(hit.get("name") or ""),
            cell(properties.get("molecularFormula", "")),
            cell("" if weight is None else f"{weight:.3f}"),
            cell(f"{hit['fileId']} #{hit.get('index', '')}" if hit.get("fileId") and "index" in hit else hit["id"]),
            cell(highlights(hit)) if hit.get("highlights") else status(hit.get("status", "")),
        )
    return shown


def highlights(hit: Hit) -> str:
    """What matched, each piece once, without the HTML that is around and in it."""
    found = hit.get("highlights") or {}
    marked = (piece for name in found for piece in found[name])
    pieces = dict.fromkeys(html.unescape(piece.replace("<em>", "").replace("</em>", "")) for piece in marked)
    return plain(textwrap.shorten(" … ".join(list(pieces)[:2]), MATCHED_CHARACTERS, placeholder=" …"))


def add_to(app: typer.Typer) -> None:
    app.command("search", rich_help_panel="Files")(search)
