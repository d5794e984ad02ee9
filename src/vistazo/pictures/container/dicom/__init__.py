"""A walk over a DICOM file (PS3.5, PS3.10): only what is wanted of it reaches a decoder.

Nothing is imported here: what opens any picture knows ``stripped`` alone until such a file comes.
"""
