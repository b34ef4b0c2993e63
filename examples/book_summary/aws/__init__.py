"""The book summaries on AWS: three functions, one bucket, one event bus."""
