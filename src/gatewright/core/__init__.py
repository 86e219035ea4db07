"""What every floor above stands on: errors, callers, pages, events, configuration."""
