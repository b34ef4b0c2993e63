// Everything that the book summary needs in one resource group, without a secret anywhere:
// whoever reads or writes does so by its identity, and may do nothing else.

@description('Where everything is.')
param location string = resourceGroup().location

@description('What the names begin with: 3 to 10 lower-case letters and digits.')
@minLength(3)
@maxLength(10)
param prefix string = 'books'

@description('Whether Event Grid delivers: the functions must have been deployed before.')
param subscribe bool = false

@description('How many days logs are kept.')
param retentionInDays int = 30

@description('The most instances at once; it bounds what a flood of events can cost.')
param maximumInstances int = 40

var suffix = uniqueString(resourceGroup().id)
var stateContainer = 'state'
var deadLetterContainer = 'deadletters'
var packageContainer = 'package'
var eventsQueue = 'events'
var commands = [
  {
    name: 'srvc-books'
    function: 'srvc_books_event_grid'
    types: ['cmd.books.fetch']
  }
  {
    name: 'srvc-summaries'
    function: 'srvc_summaries_event_grid'
    types: ['cmd.summary.create']
  }
  {
    name: 'srvc-grammar'
    function: 'srvc_grammar_event_grid'
    types: ['cmd.grammar.check']
  }
  {
    name: 'srvc-regulations'
    function: 'srvc_regulations_event_grid'
    types: ['cmd.regulations.check']
  }
]

// Built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var serviceBusDataSender = '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
var serviceBusDataReceiver = '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
var eventGridDataSender = 'd5a91429-5739-47e2-a06b-3470a27159e7'

// -- logs -----------------------------------------------------------------------------

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: '${prefix}-logs-${suffix}'
  location: location
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionInDays
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${prefix}-insights-${suffix}'
  location: location
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: logs.id
  }
}

// -- state: one blob a process ------------------------------------------------------------

resource stateAccount 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: '${prefix}${suffix}'
  location: location
  sku: {
    name: 'Standard_ZRS'
  }
  kind: 'StorageV2'
  properties: {
    accessTier: 'Hot'
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
  }
}

resource stateBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: stateAccount
  name: 'default'
}

resource state 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: stateBlobs
  name: stateContainer
  properties: {
    publicAccess: 'None'
  }
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: stateBlobs
  name: deadLetterContainer
  properties: {
    publicAccess: 'None'
  }
}

resource mayKeepState 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(state.id, app.id, blobDataContributor)
  scope: state
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

// -- the host's own account: the package, keys, and the locks of its timers ------------------

resource hostAccount 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: '${prefix}h${suffix}'
  location: location
  sku: {
    name: 'Standard_LRS'
  }
  kind: 'StorageV2'
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: hostAccount
  name: 'default'
}

resource package 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: hostBlobs
  name: packageContainer
  properties: {
    publicAccess: 'None'
  }
}

resource mayHost 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hostAccount.id, app.id, blobDataOwner)
  scope: hostAccount
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

// -- events ---------------------------------------------------------------------------

resource topic 'Microsoft.EventGrid/topics@2022-06-15' = {
  name: '${prefix}-events-${suffix}'
  location: location
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    publicNetworkAccess: 'Enabled'
  }
}

resource mayPublish 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, app.id, eventGridDataSender)
  scope: topic
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventGridDataSender)
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource topicMayDeadLetter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, topic.id, blobDataContributor)
  scope: deadLetters
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource toOrchestrator 'Microsoft.EventGrid/topics/eventSubscriptions@2022-06-15' = if (subscribe) {
  parent: topic
  name: 'books-summary'
  properties: {
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${app.id}/functions/books_summary_event_grid'
        maxEventsPerBatch: 1
      }
    }
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: {
      advancedFilters: [
        {
          operatorType: 'StringBeginsWith'
          key: 'type'
          values: ['evt.', 'xorca.books.summary.']
        }
      ]
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: stateAccount.id
          blobContainerName: deadLetterContainer
        }
      }
    }
  }
  dependsOn: [
    topicMayDeadLetter
  ]
}

resource toServices 'Microsoft.EventGrid/topics/eventSubscriptions@2022-06-15' = [for each in (subscribe ? commands : []): {
  parent: topic
  name: each.name
  properties: {
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${app.id}/functions/${each.function}'
        maxEventsPerBatch: 1
      }
    }
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: {
      includedEventTypes: each.types
    }
    retryPolicy: {
      maxDeliveryAttempts: 30
      eventTimeToLiveInMinutes: 1440
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: stateAccount.id
          blobContainerName: deadLetterContainer
        }
      }
    }
  }
  dependsOn: [
    topicMayDeadLetter
  ]
}]

// -- a queue: starts and deadlines, in order for each process ---------------------------------

resource serviceBus 'Microsoft.ServiceBus/namespaces@2022-10-01-preview' = {
  name: '${prefix}-bus-${suffix}'
  location: location
  sku: {
    name: 'Standard'
    tier: 'Standard'
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2022-10-01-preview' = {
  parent: serviceBus
  name: eventsQueue
  properties: {
    requiresSession: true
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT10M'
    lockDuration: 'PT1M'
    maxDeliveryCount: 20
    deadLetteringOnMessageExpiration: true
  }
}

resource mayHear 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(queue.id, app.id, serviceBusDataReceiver)
  scope: queue
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataReceiver)
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

resource maySetDeadlines 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(queue.id, app.id, serviceBusDataSender)
  scope: queue
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', serviceBusDataSender)
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

// -- the functions ------------------------------------------------------------------------

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: '${prefix}-plan-${suffix}'
  location: location
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: '${prefix}-app-${suffix}'
  location: location
  kind: 'functionapp,linux'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostAccount.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'SystemAssignedIdentity'
          }
        }
      }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstances
        instanceMemoryMB: 512
      }
      runtime: {
        name: 'python'
        version: '3.12'
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__accountName: hostAccount.name
    AzureWebJobsStorage__credential: 'managedidentity'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    PYTHON_ISOLATE_WORKER_DEPENDENCIES: '1'
    ServiceBus__fullyQualifiedNamespace: '${serviceBus.name}.servicebus.windows.net'
    BOOKS_STORE: 'az://${stateContainer}/records?account=${stateAccount.name}'
    BOOKS_TOPIC: topic.properties.endpoint
    BOOKS_SERVICE_BUS: '${serviceBus.name}.servicebus.windows.net'
    BOOKS_QUEUE: eventsQueue
  }
}

output appName string = app.name
output address string = 'https://${app.properties.defaultHostName}/api/books'
output topicEndpoint string = topic.properties.endpoint
