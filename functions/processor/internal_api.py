"""The internal API of the processor: what other contexts may ask of the toolkit.

Trigger: the internal load balancer. Callers: see ALLOWED_CALLERS of the function.
"""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel, ConfigDict, Field

from functions.processor import bootstrap
from functions.processor.identifying import MAX_SMILES
from leanda.discovery.setup import require_caller
from leanda.http.app import http_handler, internal_api, reply

app = internal_api()


class IdentifiersQuery(BaseModel):
    """Whose identifiers are asked for."""

    model_config = ConfigDict(extra="forbid")

    smiles: str = Field(min_length=1, max_length=MAX_SMILES)


@app.post("/api/v1/internal/processor/identifiers")
def identifiers(body: IdentifiersQuery) -> Response[str]:
    require_caller(app, bootstrap.verifier(), "processor.identifiers")
    return reply({"identifiers": bootstrap.identifying().identifiers(body.smiles)})


@app.get("/api/v1/internal/processor/health")
def health() -> Response[str]:
    return reply({"status": "ok"})


lambda_handler = http_handler(app)
