"""Small files that joblib and scipy wrote, in base64, and what is in them.

Of joblib 1.6.0 and 1.0.1 (before it aligned arrays) with NumPy 2.1, Python 3.11::

    joblib.dump({"c": arange(6.).reshape(2, 3), "f": the same of int32 in Fortran's order, "o":
    array(["x", None, 2], object), "z": zeros((0, 2)), "n": float32(0.5)}, path, compress=...)

and of scipy 1.14: ``[[1, 0, 2, 0], [0, 0, 0, 3.5]]`` in four kinds, by pickle of protocol 2.
"""

import base64
import io
import json
import zipfile
from pathlib import Path

import numpy as np

_JOBLIB = {
    "plain": (
        "gASV2gAAAAAAAAB9lCiMAWOUjBNqb2JsaWIubnVtcHlfcGlja2xllIwRTnVtcHlBcnJheVdyYXBwZXKUk5QpgZR9"
        "lCiMCHN1YmNsYXNzlIwFbnVtcHmUjAduZGFycmF5lJOUjAVzaGFwZZRLAksDhpSMBW9yZGVylIwBQ5SMBWR0eXBl"
        "lGgIjAVkdHlwZZSTlIwCZjiUiYiHlFKUKEsDjAE8lE5OTkr/////Sv////9LAHSUYowKYWxsb3dfbW1hcJSIjBtu"
        "dW1weV9hcnJheV9hbGlnbm1lbnRfYnl0ZXOUSxB1Ygr/////////////AAAAAAAAAAAAAAAAAADwPwAAAAAAAABA"
        "AAAAAAAACEAAAAAAAAAQQAAAAAAAABRAlU0AAAAAAAAAjAFmlGgEKYGUfZQoaAdoCmgLSwJLA4aUaA2MAUaUaA9o"
        "EYwCaTSUiYiHlFKUKEsDaBVOTk5K/////0r/////SwB0lGJoF4hoGEsQdWIJ////////////AAAAAAMAAAABAAAA"
        "BAAAAAIAAAAFAAAAlUsAAAAAAAAAjAFvlGgEKYGUfZQoaAdoCmgLSwOFlGgNaA5oD2gRjAJPOJSJiIeUUpQoSwOM"
        "AXyUTk5OSv////9K/////0s/dJRiaBeJaBhLEHVigAWVkQAAAAAAAACMFm51bXB5Ll9jb3JlLm11bHRpYXJyYXmU"
        "jAxfcmVjb25zdHJ1Y3SUk5SMBW51bXB5lIwHbmRhcnJheZSTlEsAhZRDAWKUh5RSlChLAUsDhZRoA4wFZHR5cGWU"
        "k5SMAk84lImIh5RSlChLA4wBfJROTk5K/////0r/////Sz90lGKJXZQojAF4lE5LAmV0lGIulSkAAAAAAAAAjAF6"
        "lGgEKYGUfZQoaAdoCmgLSwBLAoaUaA1oDmgPaBRoF4hoGEsQdWIF//////+VWQAAAAAAAACMAW6UjBZudW1weS5f"
        "Y29yZS5tdWx0aWFycmF5lIwGc2NhbGFylJOUaBGMAmY0lImIh5RSlChLA2gVTk5OSv////9K/////0sAdJRiQwQA"
        "AAA/lIaUUpR1Lg=="
    ),
    "zlib": (
        "eF6FUktLw0AQbpLG1vos1gf4B/SSkwcPQpWCBxcjeBEPEjZp6kbzIg+0olAPrS3sRZz8OX+F/0B3s7HainRhMrtk"
        "Zr/HbK+cvZfEeoIdKllA124C03VMzU+9sGuEjnXr2kDrOj8eRRHuXkQ4DO0I3mD3GXhXNU5Ny8VxDFTNu4BW/Dbm"
        "tayIqjHBoQ1IRsqAnYKozZqp1GL7dtJlf0j1e8eq5c4+jIYvcA47SKHSAei6fvLJVv5BpQRMWsOuG9wZnodDGNJt"
        "wTTHM7DrXPue7SeG2U3sGNBqatZ4p1iF1iJ9NIvNocjVIq8WuXGYnRYVVOoAKQvBpEJqZEHoIUtUOgayQupUdvZ+"
        "mJP1v7zJ5pBscULzE3wUBiGxKLOQWagsMjTGDaZxlT5DJcsC82zCrccpt5rMLbI5Eqg9NXv9vnUj90wzrCCyNS91"
        "E0eMiy4akW0FfpxEqZXk0/s7UVTqQ0syQQxJQpyQ8nuEs0mNrvhruwcdyTbjqGW7Y70P03pLSOY+54obYw/V3MPs"
        "ctznA/1X1VxsYRfzJ8s968yYU4tPogkDJi/VvgD8mShb"
    ),
    "gzip": (
        "H4sIAAAAAAAAA4VSS0vDQBBuksbW+izWB/gH9JKTBw9ClYIHFyN4EQ8SNmnqRvMiD7SiUA+tLexFnPw5f4X/QHez"
        "sdqKdGEyu2Rmv8dsr5y9l8R6gh0qWUDXbgLTdUzNT72wa4SOdevaQOs6Px5FEe5eRDgM7QjeYPcZeFc1Tk3LxXEM"
        "VM27gFb8Nua1rIiqMcGhDUhGyoCdgqjNmqnUYvt20mV/SPV7x6rlzj6Mhi9wDjtIodIB6Lp+8slW/kGlBExaw64b"
        "3Bmeh0MY0m3BNMczsOtc+57tJ4bZTewY0Gpq1ninWIXWIn00i82hyNUirxa5cZidFhVU6gApC8GkQmpkQeghS1Q6"
        "BrJC6lR29n6Yk/W/vMnmkGxxQvMTfBQGIbEos5BZqCwyNMYNpnGVPkMlywLzbMKtxym3mswtsjkSqD01e/2+dSP3"
        "TDOsILI1L3UTR4yLLhqRbQV+nESpleTT+ztRVOpDSzJBDElCnJDye4SzSY2u+Gu7Bx3JNuOoZbtjvQ/TektI5j7n"
        "ihtjD9Xcw+xy3OcD/VfVXGxhF/Mnyz3rzJhTi0+iCQMmL9W+AKBVJwYiAwAA"
    ),
    "bz2": (
        "QlpoMzFBWSZTWXaKrKgAARn/4v//78gAYQRE6RuQor//3vZj5C4AABBAALABmBJBopik0ekeT1R6nqZMTeqZMnog"
        "DIDIxqBo2p6E81Q5hNAaA0aMI0GI0xMmJoMI0DIBkwEkIRNU81GifqmQD9UGnpDNTQ9Jpppo0A0e1QaMSd6e/nzb"
        "m3fzW5LbEjJa8WukB0gWMMDn9T+NwJSCRAzJnGGZDAxwuTdYUlRKN+UTTFjPJ3VIdQwEqwiE0OnGE3OC6MafScRi"
        "+7cfvbgNfp1DVu7ubyW6mSw9aMSNbadU88POUik9ghbxU1CutEmRnHW7WOljp0OadBhGf4cm939PLK8+ZykxeBSy"
        "jsfiqIOzhTt+KoqppLN1MrbcNjsOZWHMVuqF6bgVydcJ7HbidiIXYROGVXlhazx2Ps5HUBVYVK1dBFbHANDGZRHQ"
        "tBki0GHk71O6T7iyI9FwE+Ss6iFRYcxvOQ4FV0blMIiJXWIwcFzfVTa9xjPSwXbOytYYuV8QMpLGszdqnIGWZPac"
        "fMj6m2iK4dE23M8JmWiTMzP3HSlU4SxaISwFzB+jbMbOLVL/BoJtgFsz/DHU0BNtvtAvQ25hOV6iJT36TnUA90X6"
        "KTSIERcs1/sktRykRANBBTU/4u5IpwoSDtFVlQA="
    ),
    "lzma": (
        "XQAAQAD//////////wBAAQ57mOgVmzo680p5n4R9DYeZ6BKBPChpXiq8GVtdKe8/fdAHRSfO/ij5d3CBjD5TzFuI"
        "I0DDTq2yy6fV6Y3GFSyG5ctNsOiqbkbp9GhxL7Z5anR+7jOcw0snHsST1KGfh9uVPB3fkNiC2SU4A5CJ54PMgwNT"
        "SC6h9ANpNtsmoVLZkZM/PV4CqE+k9An/YZ4V74jmnTXj/BLFGE5CHZOJ9BKHpDOnINEW/wRZTUY7zUHVPukK3+Ee"
        "MlsEWoMzhGf2Ipx2yja5Wws1iYgNcxOWdGVjN2m0QbWWxOI/ue1S4MqhszV6pCcG2TWM0V5bZOHZTgtjjE6nLQag"
        "DGUIUxGdgfkThrQ8maXNKNKyPQLNr5UYAmwXRifqfgEQLT7vuZEKOndSQ4b1abrYO/GrRCoZxJUahsnj7GC+KbR0"
        "NVLHU/qHZKbdjRvzbuJXPiBbRHSKDldmyp3TikzmifVjQsMSecSuIjVipaoCeqlOBjxmqaaGz2uIcHJLj3MO4Sxo"
        "yWa7fslfJy9tWtD2hWlgx33T2rqCPied1v2pffHbKn+U+TcaUYwXkvaN0P/y6h9j"
    ),
    "xz": (
        "/Td6WFoAAATm1rRGAgAhARQAAAD/5+wJ4AMhAaldAEABDnuY6BWbOjrzSnmfhH0Nh5noEoE8KGleKrwZW10p7z99"
        "0AdFJ87+KPl3cIGMPlPMW4gjQMNOrbLLp9XpjcYVLIbly02w6KpuRun0aHEvtnlqdH7uM5zDSycexJPUoZ+H25U8"
        "Hd+Q2ILZJTgDkInng8yDA1NILqH0A2k22yahUtmRkz89XgKoT6T0Cf9hnhXviOadNeP8EsUYTkIdk4n0EoekM6cg"
        "0Rb/BFlNRjvNQdU+6Qrf4R4yWwRagzOEZ/YinHbKNrlbCzWJiA1zE5Z0ZWM3abRBtZbE4j+57VLgyqGzNXqkJwbZ"
        "NYzRXltk4dlOC2OMTqctBqAMZQhTEZ2B+ROGtDyZpc0o0rI9As2vlRgCbBdGJ+p+ARAtPu+5kQo6d1JDhvVputg7"
        "8atEKhnElRqGyePsYL4ptHQ1UsdT+odkpt2NG/Nu4lc+IFtEdIoOV2bKndOKTOaJ9WNCwxJ5xK4iNWKlqgJ6qU4G"
        "PGappobPa4hwckuPcw7hLGjJZrt+yV8nL21a0PaFaWDHfdPauoI+J53W/al98dsqf5T5NxpRjBd9Bp7KAAAAABkd"
        "9G8p3sY8AAHFA6IGAAA2jD8mscRn+wIAAAAABFla"
    ),
    "lz4": (
        "BCJNGEBAwBACAABSgASV2gABAPE3fZQojAFjlIwTam9ibGliLm51bXB5X3BpY2tsZZSMEU51bXB5QXJyYXlXcmFw"
        "cGVylJOUKYGUfZQojAhzdWJjbGFzc5SMBTYA9CKUjAduZGFycmF5lJOUjAVzaGFwZZRLAksDhpSMBW9yZGVylIwB"
        "Q5SMBWR0eXBllGgICgDxDZOUjAJmOJSJiIeUUpQoSwOMATyUTk5OSv////8FAPEGSwB0lGKMCmFsbG93X21tYXCU"
        "iIwbdAARX3AA9QhfYWxpZ25tZW50X2J5dGVzlEsQdWIK/wEAAusABAIAI/A/CgASQAgAEwgIABMQCABCFECVTRoA"
        "cgCMAWaUaATxAGJoB2gKaAvQAOZoDYwBRpRoD2gRjAJpNLoALmgVuACpaBeIaBhLEHViCZAA9QcDAAAAAQAAAAQA"
        "AAACAAAABQAAAJVLeAAcb3gAcgOFlGgNaA50ABlPLgEbfC4Bcj90lGJoF4l2AESABZWRVgARFjQBwS5fY29yZS5t"
        "dWx0aT8B8QCUjAxfcmVjb25zdHJ1Y3S+AQEqAAnSAYJLAIWUQwFilKUBeAFLA4WUaAPDAQ+VAA/0A4ldlCiMAXiU"
        "TksCZXSUYi6VKZoALAF68ABEAEsChvIAFRREAREFRAEllVk4AC9ulNYAB/8ABnNjYWxhcpSTlGgRjAJmqAEM0EME"
        "AAAAP5SGlFKUdS4AAAAA"
    ),
    "joblib 1.0.1": (
        "gASVtAAAAAAAAAB9lCiMAWOUjBNqb2JsaWIubnVtcHlfcGlja2xllIwRTnVtcHlBcnJheVdyYXBwZXKUk5QpgZR9"
        "lCiMCHN1YmNsYXNzlIwFbnVtcHmUjAduZGFycmF5lJOUjAVzaGFwZZRLAksDhpSMBW9yZGVylIwBQ5SMBWR0eXBl"
        "lGgIaA+TlIwCZjiUiYiHlFKUKEsDjAE8lE5OTkr/////Sv////9LAHSUYowKYWxsb3dfbW1hcJSIdWIAAAAAAAAA"
        "AAAAAAAAAPA/AAAAAAAAAEAAAAAAAAAIQAAAAAAAABBAAAAAAAAAFECVSQAAAAAAAACMAWaUaAQpgZR9lChoB2gK"
        "aAtLAksDhpRoDYwBRpRoD2gQjAJpNJSJiIeUUpQoSwNoFE5OTkr/////Sv////9LAHSUYmgWiHViAAAAAAMAAAAB"
        "AAAABAAAAAIAAAAFAAAAlUcAAAAAAAAAjAFvlGgEKYGUfZQoaAdoCmgLSwOFlGgNaA5oD2gQjAJPOJSJiIeUUpQo"
        "SwOMAXyUTk5OSv////9K/////0s/dJRiaBaJdWKAAmNudW1weS5jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0"
        "CnEAY251bXB5Cm5kYXJyYXkKcQFLAIVxAmNfY29kZWNzCmVuY29kZQpxA1gBAAAAYnEEWAYAAABsYXRpbjFxBYZx"
        "BlJxB4dxCFJxCShLAUsDhXEKY251bXB5CmR0eXBlCnELWAIAAABPOHEMiYiHcQ1ScQ4oSwNYAQAAAHxxD05OTkr/"
        "////Sv////9LP3RxEGKJXXERKFgBAAAAeHESTksCZXRxE2IulSUAAAAAAAAAjAF6lGgEKYGUfZQoaAdoCmgLSwBL"
        "AoaUaA1oDmgPaBNoFoh1YpVYAAAAAAAAAIwBbpSMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMBnNjYWxhcpSTlGgQ"
        "jAJmNJSJiIeUUpQoSwNoFE5OTkr/////Sv////9LAHSUYkMEAAAAP5SGlFKUdS4="
    ),
}
_SPARSE = {
    "csr": (
        "gAJjc2NpcHkuc3BhcnNlLl9jc3IKY3NyX21hdHJpeApxACmBcQF9cQIoWAYAAABfc2hhcGVxA0sCSwSGcQRYCAAA"
        "AG1heHByaW50cQVLMlgGAAAAaW5kcHRycQZjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQdj"
        "bnVtcHkKbmRhcnJheQpxCEsAhXEJY19jb2RlY3MKZW5jb2RlCnEKWAEAAABicQtYBgAAAGxhdGluMXEMhnENUnEO"
        "h3EPUnEQKEsBSwOFcRFjbnVtcHkKZHR5cGUKcRJYAgAAAGk0cROJiIdxFFJxFShLA1gBAAAAPHEWTk5OSv////9K"
        "/////0sAdHEXYoloClgMAAAAAAAAAAIAAAADAAAAcRhoDIZxGVJxGnRxG2JYBwAAAGluZGljZXNxHGgHaAhLAIVx"
        "HWgOh3EeUnEfKEsBSwOFcSBoFYloClgMAAAAAAAAAAIAAAADAAAAcSFoDIZxIlJxI3RxJGJYBAAAAGRhdGFxJWgH"
        "aAhLAIVxJmgOh3EnUnEoKEsBSwOFcSloElgCAAAAZjhxKomIh3ErUnEsKEsDaBZOTk5K/////0r/////SwB0cS1i"
        "iWgKWBkAAAAAAAAAAADDsD8AAAAAAAAAQAAAAAAAAAxAcS5oDIZxL1JxMHRxMWJ1Yi4="
    ),
    "csc": (
        "gAJjc2NpcHkuc3BhcnNlLl9jc2MKY3NjX21hdHJpeApxACmBcQF9cQIoWAYAAABfc2hhcGVxA0sCSwSGcQRYCAAA"
        "AG1heHByaW50cQVLMlgGAAAAaW5kcHRycQZjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQdj"
        "bnVtcHkKbmRhcnJheQpxCEsAhXEJY19jb2RlY3MKZW5jb2RlCnEKWAEAAABicQtYBgAAAGxhdGluMXEMhnENUnEO"
        "h3EPUnEQKEsBSwWFcRFjbnVtcHkKZHR5cGUKcRJYAgAAAGk0cROJiIdxFFJxFShLA1gBAAAAPHEWTk5OSv////9K"
        "/////0sAdHEXYoloClgUAAAAAAAAAAEAAAABAAAAAgAAAAMAAABxGGgMhnEZUnEadHEbYlgHAAAAaW5kaWNlc3Ec"
        "aAdoCEsAhXEdaA6HcR5ScR8oSwFLA4VxIGgViWgKWAwAAAAAAAAAAAAAAAEAAABxIWgMhnEiUnEjdHEkYlgEAAAA"
        "ZGF0YXElaAdoCEsAhXEmaA6HcSdScSgoSwFLA4VxKWgSWAIAAABmOHEqiYiHcStScSwoSwNoFk5OTkr/////Sv//"
        "//9LAHRxLWKJaApYGQAAAAAAAAAAAMOwPwAAAAAAAABAAAAAAAAADEBxLmgMhnEvUnEwdHExYnViLg=="
    ),
    "coo": (
        "gAJjc2NpcHkuc3BhcnNlLl9jb28KY29vX21hdHJpeApxACmBcQF9cQIoWAYAAABfc2hhcGVxA0sCSwSGcQRYCAAA"
        "AG1heHByaW50cQVLMlgGAAAAY29vcmRzcQZjbnVtcHkuX2NvcmUubXVsdGlhcnJheQpfcmVjb25zdHJ1Y3QKcQdj"
        "bnVtcHkKbmRhcnJheQpxCEsAhXEJY19jb2RlY3MKZW5jb2RlCnEKWAEAAABicQtYBgAAAGxhdGluMXEMhnENUnEO"
        "h3EPUnEQKEsBSwOFcRFjbnVtcHkKZHR5cGUKcRJYAgAAAGk0cROJiIdxFFJxFShLA1gBAAAAPHEWTk5OSv////9K"
        "/////0sAdHEXYoloClgMAAAAAAAAAAAAAAABAAAAcRhoDIZxGVJxGnRxG2JoB2gISwCFcRxoDodxHVJxHihLAUsD"
        "hXEfaBWJaApYDAAAAAAAAAACAAAAAwAAAHEgaAyGcSFScSJ0cSNihnEkWAQAAABkYXRhcSVoB2gISwCFcSZoDodx"
        "J1JxKChLAUsDhXEpaBJYAgAAAGY4cSqJiIdxK1JxLChLA2gWTk5OSv////9K/////0sAdHEtYoloClgZAAAAAAAA"
        "AAAAw7A/AAAAAAAAAEAAAAAAAAAMQHEuaAyGcS9ScTB0cTFiWBQAAABoYXNfY2Fub25pY2FsX2Zvcm1hdHEyiHVi"
        "Lg=="
    ),
    "dia": (
        "gAJjc2NpcHkuc3BhcnNlLl9kaWEKZGlhX21hdHJpeApxACmBcQF9cQIoWAYAAABfc2hhcGVxA0sCSwSGcQRYCAAA"
        "AG1heHByaW50cQVLMlgEAAAAZGF0YXEGY251bXB5Ll9jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0CnEHY251"
        "bXB5Cm5kYXJyYXkKcQhLAIVxCWNfY29kZWNzCmVuY29kZQpxClgBAAAAYnELWAYAAABsYXRpbjFxDIZxDVJxDodx"
        "D1JxEChLAUsCSwSGcRFjbnVtcHkKZHR5cGUKcRJYAgAAAGY4cROJiIdxFFJxFShLA1gBAAAAPHEWTk5OSv////9K"
        "/////0sAdHEXYoloClhBAAAAAAAAAAAAw7A/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAAAAABAAAAAAAAADEBxGGgMhnEZUnEadHEbYlgHAAAAb2Zmc2V0c3EcaAdoCEsAhXEdaA6HcR5ScR8oSwFL"
        "AoVxIGgSWAIAAABpNHEhiYiHcSJScSMoSwNoFk5OTkr/////Sv////9LAHRxJGKJaApYCAAAAAAAAAACAAAAcSVo"
        "DIZxJlJxJ3RxKGJ1Yi4="
    ),
}
JOBLIB = {name: base64.b64decode(text) for name, text in _JOBLIB.items()}
SPARSE = {name: base64.b64decode(text) for name, text in _SPARSE.items()}


def write_skops(path: Path, schema: dict[str, object] | None = None) -> Path:
    """A logistic regression as skops writes it (protocol 2), or another schema."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("coef.npy", npy(np.array([[0.5, 2.0]])))
        archive.writestr("schema.json", json.dumps(schema or _skops_schema()))
    return path


def npy(array: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


def node(loader: str, module: str, name: str, **others: object) -> dict[str, object]:
    return {"__loader__": loader, "__module__": module, "__class__": name, **others}


def json_node(value: object) -> dict[str, object]:
    return node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True)


def dictionary_node(
    content: dict[str, object], key: tuple[str, str] = ("builtins", "str")
) -> dict[str, object]:
    kinds = [node("TypeNode", *key) for _ in content]
    key_types = node("ListNode", "builtins", "list", content=kinds)
    return node("DictNode", "builtins", "dict", content=content, key_types=key_types)


def _skops_schema() -> dict[str, object]:
    labels = [json_node("no"), json_node("sí")]
    shape = node("TupleNode", "builtins", "tuple", content=[json_node(2)])
    attributes = {
        "C": json_node(1.0),
        "dtype": node("TypeNode", "numpy", "float64"),
        "class_weight": dictionary_node({"1": json_node(0.5)}, ("builtins", "int")),
        "coef_": node("NdArrayNode", "numpy", "ndarray", type="numpy", file="coef.npy"),
        "classes_": node(
            "NdArrayNode", "numpy", "ndarray", type="json", content=labels, shape=shape
        ),
    }
    content = dictionary_node(attributes)
    return node(
        "ObjectNode", "sklearn.linear_model._logistic", "LogisticRegression", content=content
    )
