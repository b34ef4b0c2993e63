"""Rooms: adapters that implement the ports for one place each."""
