"""Answers as DICOM, beside the picture in its study: a structured report, and a heatmap.

What a header says was written by a stranger, so it is parsed, and DICOM written, in a process of
its own, which knows no secret and ends after a rest:

    writer.py     the service's side: has reports written, one at a time
    child.py      the process that writes them, as the service sees it
    statement.py  what a report is to say, from a prediction and its card
    statement and header travel to:
    program.py    the program that this process runs
    inherited.py  what a report has from the header of its picture
    document.py   the structured report: DICOM PS3.16 TID 1500
    capture.py    the heatmap as a secondary capture
    instance.py   what both have in common
    concepts.py   coded concepts: the standard's, and our own
    said.py       what travels, as plain values
    shortening.py texts within what an element may hold
    uids.py       unique identifiers that are the same for the same picture and model

Nothing is imported here: the process loads this package too, and the service does at its start.
"""
