"""Who may use the API: merchants, operators, and their keys."""
