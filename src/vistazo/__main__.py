"""``python -m vistazo``."""

from vistazo.cli import main

if __name__ == "__main__":
    main()
