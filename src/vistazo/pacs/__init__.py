"""A station beside the archive of a hospital (PACS): X-rays come, reports go back.

    station.py    builds it all, and ends it
    listener.py   X-rays come by C-STORE ...
    poller.py     ... or are looked for by DICOMweb
    spool.py      where they lie until their reports have been accepted
    reporting.py  an X-ray becomes the files of a report
    sending.py    reports go, and are tried again; association.py and dicomweb.py are the two ways

What was answered with success is on the disk. Nothing is imported here.
"""
