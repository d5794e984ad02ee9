"""What takes more than one machine: imported by nothing that one machine needs."""
