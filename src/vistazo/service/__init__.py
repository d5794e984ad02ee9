"""What a running service needs beside HTTP."""
