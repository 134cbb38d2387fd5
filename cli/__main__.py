"""`python -m cli` is `leanda`."""

from cli.app import main

main()
