"""What happens to an event: the record, routing, and the pure step."""
