"""The rooms of Azure; each loads its SDK when it is first used (``pip install 'xorca[azure]'``)."""

from xorca.providers.azure.blob import BlobStore
from xorca.providers.azure.clients import BlobOptions
from xorca.providers.azure.eventgrid import EventGridBus
from xorca.providers.azure.faults import AzureRefused
from xorca.providers.azure.lease import BlobLease
from xorca.providers.azure.patience import Patience
from xorca.providers.azure.queue import StorageQueueBus
from xorca.providers.azure.queue_alarm import StorageQueueAlarm
from xorca.providers.azure.queue_channel import StorageQueueChannel
from xorca.providers.azure.queue_service import QueueOptions
from xorca.providers.azure.servicebus import ServiceBusBus
from xorca.providers.azure.servicebus_alarm import ServiceBusAlarm
from xorca.providers.azure.servicebus_entity import ServiceBusOptions

__all__ = [
    "AzureRefused",
    "BlobLease",
    "BlobOptions",
    "BlobStore",
    "EventGridBus",
    "Patience",
    "QueueOptions",
    "ServiceBusAlarm",
    "ServiceBusBus",
    "ServiceBusOptions",
    "StorageQueueAlarm",
    "StorageQueueBus",
    "StorageQueueChannel",
]
