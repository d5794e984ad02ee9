"""What other systems speak, as adapters around the same classifier: the Open Inference Protocol
(version 2, over HTTP) and KServe's version 1.

``addresses``, ``speaking`` and ``protocol_routes`` are there from the start, and small. The rest is
imported with the first request to it.
"""
