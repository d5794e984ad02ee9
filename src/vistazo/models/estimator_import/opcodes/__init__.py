"""What each opcode of a pickle does. Importing this package fills ``machine.OPCODES``."""

from vistazo.models.estimator_import.opcodes import containers, objects, plain

__all__ = ["containers", "objects", "plain"]
