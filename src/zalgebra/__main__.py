"""``python -m zalgebra``: the command line."""

from zalgebra.studio.cli import main

if __name__ == "__main__":
    main()
