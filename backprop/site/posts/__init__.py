"""Posts are programs: their fences are found, executed, verified and shown."""
