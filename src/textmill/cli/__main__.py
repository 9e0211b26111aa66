"""``python -m textmill.cli``: the command line without its entry point."""

from textmill.cli.program import main

if __name__ == "__main__":
    main()
