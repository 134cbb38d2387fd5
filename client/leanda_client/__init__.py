"""The Python client of Leanda.

from pathlib import Path
from leanda_client import CognitoTokens, LeandaClient, cognito_endpoint

tokens = CognitoTokens(cognito_endpoint("eu-central-1"), client_id, "ada@example.org", password)
with LeandaClient("https://leanda.example.org/api/v1", tokens) as leanda:
    file = leanda.wait(leanda.upload(Path("molecules.sdf"))["id"])
    print(file["status"], file["totalRecords"])
    for hit in leanda.search("BSYNRYMUTXBXSQ-UHFFFAOYSA-N"):
        print(hit["name"])
"""

from leanda_client.auth import CognitoTokens, StaticToken, TokenProvider, cognito_endpoint
from leanda_client.client import LeandaClient
from leanda_client.errors import LeandaClientError, LeandaProblem, SignInFailed, Unreachable, WaitTimeout
from leanda_client.models import (
    DeadLetter,
    Event,
    Failure,
    File,
    Folder,
    Hit,
    Picture,
    Profile,
    Record,
    SearchPage,
    Timeline,
    failure_of,
    finished,
)

__all__ = [
    "CognitoTokens",
    "DeadLetter",
    "Event",
    "Failure",
    "File",
    "Folder",
    "Hit",
    "LeandaClient",
    "LeandaClientError",
    "LeandaProblem",
    "Picture",
    "Profile",
    "Record",
    "SearchPage",
    "SignInFailed",
    "StaticToken",
    "Timeline",
    "TokenProvider",
    "Unreachable",
    "WaitTimeout",
    "cognito_endpoint",
    "failure_of",
    "finished",
]
