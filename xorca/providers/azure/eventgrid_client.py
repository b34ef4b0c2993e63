"""One request to Event Grid: who asks, where, and what the answer means.

The events go out as the bytes that were committed. The model of azure-eventgrid would parse
and write them anew (numbers, escapes and the order of keys change), so that the pipeline of
azure-core is used without it: the same credentials, the same transport.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xorca.errors import MissingExtra
from xorca.providers.azure.bus_faults import judged, named, unreachable
from xorca.providers.azure.eventgrid_place import Place
from xorca.providers.azure.identity import default_credential
from xorca.providers.azure.patience import TryLater
from xorca.providers.azure.per_loop import PerLoop

if TYPE_CHECKING:
    from azure.core import AsyncPipelineClient
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.rest import AsyncHttpResponse, HttpRequest

_SCOPE: Final = "https://eventgrid.azure.net/.default"
_BATCH: Final = "application/cloudevents-batch+json; charset=utf-8"
_CONNECT, _READ = 5.0, 15.0
_ROLE: Final = (
    "it does not accept who asks; look at the key, the expiry of the SAS token, or give the"
    " identity the role 'EventGrid Data Sender'"
)
_CURES: Final = {
    400: "it refuses the events as they are; make the topic with the schema CloudEvents 1.0"
    " (`--input-schema cloudeventschemav1_0`), and look at the names of the extensions",
    401: _ROLE,
    403: f"{_ROLE}; look at the firewall of the topic, too",
    404: "there is no such topic; look at its endpoint, which ends in /api/events, or at topic=",
    413: "it is too large; Event Grid takes 1 MB: keep large data elsewhere and send its address",
}


class EventGridClient:
    """Send batches to one place; what the client opens belongs to the running loop."""

    def __init__(
        self,
        place: Place,
        *,
        headers: dict[str, str],
        credential: AsyncTokenCredential | None,
        default: bool,
    ) -> None:
        self._place, self._headers, self._credential = place, headers, credential
        self._client = PerLoop(self._open)
        self._default = PerLoop(lambda: default_credential("EventGridBus without key= or sas="))
        self._uses_default = default

    async def send(self, body: bytes) -> None:
        """Send a JSON array of events.

        Raises:
            NotTaken, TryLater: it was not taken, or that is not known.
        """
        client = self._client.get()
        answer = await self._ask(client, body)
        if 200 <= answer.status_code < 300:
            return self._check(answer)
        told = f"{self._place.shown} answered {named(answer.status_code, _code_of(answer))}"
        raise judged(answer.status_code, answer.headers, told=told, cures=_CURES)

    def _check(self, answer: AsyncHttpResponse) -> None:
        """Refuse a success that is a page: to take the events for sent would lose them.

        Raises:
            TryLater: a portal on the way said so.
        """
        if "html" in answer.headers.get("content-type", "").lower():
            raise TryLater(
                f"{self._place.shown} answered with a page, as Event Grid never does: look at the"
                " address, and at what is between here and there"
            )

    async def close(self) -> None:
        """Close the connections; a request afterwards opens anew."""
        for closable in (self._client.take(), self._default.take()):
            if closable is not None:
                await closable.close()

    async def _ask(
        self, client: AsyncPipelineClient[HttpRequest, AsyncHttpResponse], body: bytes
    ) -> AsyncHttpResponse:
        from aiohttp import ClientError
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.core.rest import HttpRequest

        headers = {"content-type": _BATCH, **self._headers}
        request = HttpRequest("POST", self._place.url, headers=headers, content=body)
        options: dict[str, Any] = {"connection_timeout": _CONNECT, "read_timeout": _READ}
        if not self._headers:  # of the policy that adds a token, which refuses http otherwise
            options["enforce_https"] = not self._place.is_local
        try:
            return await client.send_request(request, **options)
        except ClientAuthenticationError as exc:
            words = " ".join(str(exc).split())[:200]
            raise TryLater(
                f"no token for {self._place.shown} could be had ({words}): give the app a managed"
                " identity, sign in with 'az login', or give key="
            ) from exc
        except (AzureError, ClientError, OSError, EOFError) as exc:  # a time-out is an OSError
            raise unreachable(self._place.shown, exc) from exc

    def _open(self) -> AsyncPipelineClient[HttpRequest, AsyncHttpResponse]:
        try:
            import aiohttp  # noqa: F401  # pyright: ignore[reportUnusedImport]
            from azure.core import AsyncPipelineClient
            from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
        except ImportError:
            raise MissingExtra("EventGridBus", "azure-core", "azure-eventgrid") from None
        credential = self._default.get() if self._uses_default else self._credential
        # What takes a credential has no common type in the SDK; hence Any.
        policies: list[Any] = []
        if credential is not None:
            policies.append(AsyncBearerTokenCredentialPolicy(credential, _SCOPE))
        # No policy that retries or follows redirects: what is here is all that happens.
        return AsyncPipelineClient(self._place.url, policies=policies)


def _code_of(answer: AsyncHttpResponse) -> str:
    """Give the service's own code out of an answer, "" where there is none."""
    try:
        found: Any = answer.json()  # whatever it sent, hence Any
        code = found["error"]["code"]
    except (ValueError, LookupError, TypeError):
        return ""
    return code[:60] if isinstance(code, str) and code.isprintable() else ""
