"""What all other floors use: errors, callers, configuration, pages and events."""
