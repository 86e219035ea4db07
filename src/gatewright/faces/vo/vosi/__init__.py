"""What a VO service says of itself."""
