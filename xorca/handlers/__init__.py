"""What carries events from the world to a Runtime or a Fleet."""
