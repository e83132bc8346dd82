"""`python -m aha`, and `torchrun … -m aha`."""

from aha.cli import main

main()
