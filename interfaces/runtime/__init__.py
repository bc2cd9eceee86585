"""Our processes: their settings, their supervisor, the worker."""
