"""What /openapi.json says beyond what FastAPI reads off the handlers."""
