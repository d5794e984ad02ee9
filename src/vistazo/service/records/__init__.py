"""What was answered and what was true afterwards: an audit trail, kept where it survives."""
