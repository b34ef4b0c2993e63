"""The book summary on Azure Functions."""
