"""What may stand where in a request for inference, and should not: each is JSON as it is sent."""

from __future__ import annotations

NAMES = (
    *(b'"image"', b'"scores"', b'""', b"null", b"7", b"[]", b"{}", b'"' + b"a" * 100_000 + b'"'),
    *(rb'"\ud800"', rb'"\u0000"', b'"\xff\xfe"', b'"a\nb"', b'"../../etc/passwd"', b'"\xc3\xa9"'),
)
SHAPES = (
    *(b"[-1]", b"[0]", b"[]", b"[1,-1]", b"[2]", b"[1,0]", b"[-9223372036854775808]", b"[1.0]"),
    *(
        b"[2147483648]",
        b"[4294967296,4294967296]",
        b"[9223372036854775807,2]",
        b"[1e3]",
        b"[1e999]",
    ),
    *(b"[18446744073709551616]", b"[" + b"9" * 5000 + b"]", b'["1"]', b"[[1]]", b"[null]", b"null"),
    *(
        b"[true]",
        b"7",
        b'"1"',
        b"{}",
        b"[NaN]",
        b"[" + b"1," * 50_000 + b"1]",
        b"[1,1,1,1,1,1,1,1]",
    ),
    *(
        b"[65536,65536,1]",
        b"[1,100000,100000,1]",
        b"[1,1,1]",
        b"[100000]",
        b"[-0]",
        b"[01]",
        b"[1,]",
    ),
)
DATATYPES = (
    *(b'"BYTES"', b'"UINT8"', b'"FP32"', b'"FP64"', b'"FP16"', b'"BF16"', b'"BOOL"', b'"INT64"'),
    *(b'"INT8"', b'"UINT64"', b'"fp32"', b'"STRING"', b'"FP32 "', b'""', b"null", b"32", b"[]"),
    *(b'"object"', b'"O"', b'"V1000000000"', b'"' + b"F" * 90_000 + b'"', rb'"\ud800"', b"{}"),
)
SIZES = (
    *(b"-1", b"0", b"1", b"3", b"4294967295", b"9223372036854775807", b"18446744073709551616"),
    *(b"1.0", b"1e3", b"1e999", b'"4"', b"null", b"true", b"[]", b"{}", b"NaN", b"9" * 5000),
)
DATA = (
    *(b"[]", b"null", b"7", b'"7"', b"{}", b"[null]", b"[true]", b"[1e999]", b"[-1e999]", b"[NaN]"),
    *(
        b"[Infinity]",
        b'["1"]',
        b"[[[[]]]]",
        b"[[1],[1,2]]",
        b"[[1,[2]]]",
        b"[{}]",
        b"[256]",
        b"[-1]",
    ),
    *(
        b"[0.5]",
        b"[1e400, 2]",
        b"[" + b"9" * 9000 + b"]",
        b"[" * 3000 + b"]" * 3000,
        b"[" * 100_000,
    ),
    *(b"[" + b"0," * 300_000 + b"0]", b"[" + b"[]," * 100_000 + b"[]]", b'["http://127.0.0.1:1/"]'),
    *(b'["' + b"A" * 2_000_000 + b'"]', b'[""]', b"[" + b'"",' * 100_000 + b'""]', rb'["\ud800"]'),
    *(b"[" + b"[0]," * 100_000 + b"[0]]", b"[-0.0]", b"[1E-999]", b"[1.7976931348623157e309]"),
    *(b'["data:image/png;base64,AAAA"]', b'["file:///etc/passwd"]', b'[{"b64": "AAAA"}]', b"[0x1]"),
)
PARAMETERS = (
    *(b"null", b"[]", b"7", b'"explain"', b"{}", b'{"explain": "maybe"}', b'{"explain": 1}'),
    *(b'{"explain": true, "explain": false}', b'{"explain": []}', b'{"label": "nobody"}'),
    *(b'{"binary_data_output": "yes"}', b'{"binary_data_output": 1e999}', b'{"timeout": -1}'),
    *(b'{"a": ' * 2000 + b"1" + b"}" * 2000, b'{"sequence_id": 18446744073709551616}'),
    b"{" + b", ".join(b'"p%d": %d' % (at, at) for at in range(20_000)) + b"}",
    b'{"content_type": "' + b"x" * 90_000 + b'"}',
    *(b'{"content_type": "base64"}', b'{"content_type": "pd"}', b'{"content_type": "datetime"}'),
    *(b'{"shared_memory_region": "/dev/shm/x", "shared_memory_byte_size": 10}', b'{"": null}'),
)
OUTPUTS = (
    *(b"null", b"{}", b"7", b"[]", b"[null]", b'["scores"]', b'[{"name": "nobody"}]', b"[{}]"),
    *(b'[{"name": null}]', b'[{"name": 7}]', b'[{"name": "scores"}, {"name": "scores"}]'),
    b"[" + b'{"name": "scores"},' * 10_000 + b'{"name": "labels"}]',
    b"[" + b",".join(b'{"name": "o%d"}' % at for at in range(20_000)) + b"]",
    b'[{"name": "' + b"s" * 500_000 + b'"}]',
    *(
        b'[{"name": "scores", "parameters": {"classification": %s}}]' % count
        for count in (b"1", b"2", b"0", b"-1", b"1000000000", b"1e999", b'"2"', b"true", b"1.5")
    ),
    *(
        b'[{"name": "scores", "parameters": {"binary_data": %s}}]' % said
        for said in (b"true", b"false", b"1", b'"true"', b"null", b"{}")
    ),
    b'[{"name": "scores", "parameters": {"shared_memory_region": "x"}}]',
)
IDS = (
    *(
        b'""',
        b"null",
        b"7",
        b"[]",
        b'"' + b"i" * 900_000 + b'"',
        rb'"\ud800"',
        rb'"\u0000"',
        b"1e999",
    ),
    *(rb'"a\r\nX-Injected: 1"', b'"\xff"', '"película \U0001f600"'.encode()),
)
ALONE = (
    *(b"", b"{", b"{}", b"null", b"[]", b"7", b'"', b"NaN", b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0"),
    *(b'{"inputs": []}', b'{"inputs": null}', b'{"inputs": {}}', b'{"inputs": [{}]}'),
    *(b'{"inputs": 7}', b'{"inputs": [null]}', b'{"inputs": "image"}', b"\0" * 900, b"{" * 9000),
    *(b"[" * 200_000, b" " * 900_000, b"9" * 900_000, b'"' * 100_001, b'{"inputs": [' * 3000),
    b'{"inputs": [' + b"{}," * 100_000 + b"{}]}",
    b'{"inputs": [' + b'{"name":"a","shape":[1],"datatype":"BYTES","data":["x"]},' * 9000 + b"{}]}",
    *(b'{"instances": []}', b'{"instances": null}', b'{"instances": [null]}', b'{"instances": 7}'),
    *(b'{"instances": ' + b"[" * 50_000, b'{"instances": [' + b"[]," * 200_000 + b"[]]}"),
    *(b'{"instances": [{"b64": 7}]}', b'{"instances": [1e999]}', b'{"instances": {"b64": ""}}'),
)
HEADER_LENGTHS = (
    *(
        "-1",
        "0",
        "1",
        "999999999",
        "99999999999999999999",
        "9" * 4000,
        "1.0",
        "+9",
        "0x10",
        "",
        "ten",
    ),
    *("1_0", " 9", "9 9", "9,9", "\u0669".encode().decode("latin-1"), "-0", "1e2", "NaN"),
)
LENGTHS = (0, 1, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
