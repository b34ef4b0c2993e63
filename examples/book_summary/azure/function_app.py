"""The orchestrator and its services as functions, with the rooms that they share.

What it needs to know is in the app's settings: ``main.bicep`` sets them. Without Service Bus,
as with Azurite on your own machine, starts and deadlines come by a Storage queue.
"""

from __future__ import annotations

import os

import azure.functions as func

from examples.book_summary.books import books
from examples.book_summary.checks import grammar, regulations
from examples.book_summary.orchestrator import BookSummary
from examples.book_summary.summaries import summaries
from xorca import open_store
from xorca.handlers.azure_functions import blueprint, fleet_blueprint
from xorca.ports import Alarm
from xorca.providers.azure import EventGridBus, ServiceBusAlarm, StorageQueueAlarm

NAMESPACE = os.environ.get("BOOKS_SERVICE_BUS")
QUEUE = os.environ["BOOKS_QUEUE"]
TOPIC_KEY = os.environ.get("BOOKS_TOPIC_KEY")  # in the cloud the app's identity does without


def alarm() -> Alarm:
    """Deliver deadlines into the queue that a function below hears."""
    if NAMESPACE:
        return ServiceBusAlarm(QUEUE, namespace=NAMESPACE, sessions=True)
    storage = os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    return StorageQueueAlarm(QUEUE, connection_string=storage)


store = open_store(os.environ["BOOKS_STORE"])
bus = EventGridBus(os.environ["BOOKS_TOPIC"], key=TOPIC_KEY)

app = func.FunctionApp()
app.register_functions(
    blueprint(
        BookSummary,
        store=store,
        bus=bus,
        alarm=alarm(),
        event_grid=True,
        service_bus=QUEUE if NAMESPACE else None,
        sessions=True,
        storage_queue=None if NAMESPACE else QUEUE,
        http="books",
        sweep="0 */5 * * * *",
    )
)

for fleet in (books, summaries, grammar, regulations):
    app.register_functions(fleet_blueprint(fleet, bus=bus, event_grid=True))
