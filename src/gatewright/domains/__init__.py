"""What the gateway is about; no domain knows another, or any outside library."""
