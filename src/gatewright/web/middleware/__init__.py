"""What every request goes through: pure ASGI, one small class each."""
