"""The language: states, decorators, and what they are compiled to."""
