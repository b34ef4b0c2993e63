"""What stands beside the core: test fixtures, contract suites, and compilers."""
