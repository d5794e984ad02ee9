"""Who may call, and how often: keys, tokens, scopes, rates. Without the web framework."""
