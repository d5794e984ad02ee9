"""Whether what is asked and answered is still like what the model was measured on."""
