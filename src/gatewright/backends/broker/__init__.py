"""The broker, which starts workers as other people, and the gateway's end of it."""
