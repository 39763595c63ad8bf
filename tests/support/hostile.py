"""Malformed and malicious requests, made the same at every run."""

# ruff: noqa: E501  (the cases are tables)

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator

from tests.support.fakes import coded_jpeg

BOUNDARY = "b0undary"
Case = tuple[str, bytes]
"""What it is, and the bytes to send."""


def request(
    key: str,
    body: bytes,
    *,
    path: str = "/api/v1/recognise",
    content_type: str = f"multipart/form-data; boundary={BOUNDARY}",
    headers: bytes = b"",
    length: int | None = None,
) -> bytes:
    """A request with a good head around any body."""
    head = f"POST {path} HTTP/1.1\r\nHost: device\r\nAuthorization: Bearer {key}\r\nContent-Type: {content_type}\r\n"
    size = f"Content-Length: {len(body) if length is None else length}\r\n"
    return head.encode("latin-1") + size.encode() + headers + b"\r\n" + body


def part(
    content: bytes, disposition: bytes = b'form-data; name="upload"; filename="a.jpg"', more: bytes = b""
) -> bytes:
    """One part of a form."""
    return (
        b"--"
        + BOUNDARY.encode()
        + b"\r\nContent-Disposition: "
        + disposition
        + b"\r\n"
        + more
        + b"\r\n"
        + content
        + b"\r\n"
    )


END = f"--{BOUNDARY}--\r\n".encode()


def all_cases(key: str) -> list[Case]:
    """Every case; more than 300."""
    makers = (_forms, _names, _contents, _heads, _lines, _chunks, _pipelines, _keys, _flips)
    return [case for maker in makers for case in maker(key)]


def _forms(key: str) -> Iterator[Case]:
    image = coded_jpeg(3)
    whole = part(image) + END
    for cut in [*range(0, 120, 5), *range(200, len(whole), len(whole) // 12)]:
        yield f"form cut at {cut}", request(key, whole[:cut])
    for kind in (
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=other",
        'multipart/form-data; boundary="',
        'multipart/form-data; boundary="b0undary',
        "multipart/form-data; boundary=" + "x" * 5000,
        "multipart/form-data; boundary=b0undary; boundary=other",
        "multipart/form-data; boundary=b0\x00undary",
        "multipart/form-data; boundary=b0 undary",
        "multipart/form-data; charset=utf-7; boundary=b0undary",
        "multipart/form-data; boundary*=utf-8''b0undary",
        "multipart/form-data;;;;; boundary=b0undary",
        "multipart/mixed; boundary=b0undary",
        "multipart/related; boundary=b0undary",
        "application/x-www-form-urlencoded",
        "application/json",
        "text/plain",
        "image/jpeg",
        "",
        "/",
        "multipart/form-data\xff; boundary=b0undary",
        "MULTIPART/FORM-DATA; BOUNDARY=b0undary",
    ):
        yield f"content type {kind[:50]}", request(key, whole, content_type=kind)
    inner = b"--in\r\nContent-Disposition: file; filename=a.jpg\r\n\r\n" + image + b"\r\n--in--"
    nested = b"Content-Type: multipart/mixed; boundary=in\r\n"
    for depth in (1, 3, 20):
        yield f"nested {depth}", request(key, part(inner * depth, more=nested) + END)
    for disposition in (
        b"",
        b"form-data",
        b'form-data; name="upload"',
        b'form-data; name="upload"; filename=""',
        b'form-data; name=upload; filename="a.jpg"; name=other',
        b'form-data; name="UPLOAD"; filename="a.jpg"',
        b'form-data; name="upload[]"; filename="a.jpg"',
        b'form-data; name=""; filename="a.jpg"',
        b'attachment; name="upload"; filename="a.jpg"',
        b"form-data; name=\"upload\"; filename*=utf-8''%ff%fe",
        b"form-data; name*=utf-7''upload; filename=a",
        b'form-data; name="up\r\n load"; filename="a.jpg"',
        b'form-data; name="' + b"n" * 20_000 + b'"; filename="a.jpg"',
        b"form-data; " + b"x=y; " * 2000 + b'name="upload"; filename="a.jpg"',
    ):
        yield f"disposition {disposition[:40]!r}", request(key, part(image, disposition) + END)
    for count in (2, 50, 2000):
        yield f"{count} uploads", request(key, part(image[:10]) * count + END)
        yield f"{count} fields", request(key, part(b"x", b'form-data; name="f"') * count + part(image) + END)
    yield "one part of many headers", request(key, part(image, more=b"X-A: b\r\n" * 5000) + END)
    yield "a long field", request(key, part(b"x" * 2_000_000, b'form-data; name="upload"') + END)
    yield "no end", request(key, part(image))
    yield "end first", request(key, END + part(image))
    yield "bytes before and after", request(key, b"junk\r\n" + whole + b"junk" * 100)
    yield "only dashes", request(key, b"--" * 5000)
    yield "line ends alone", request(key, b"\r\n" * 5000)
    yield "bare line feeds", request(key, whole.replace(b"\r\n", b"\n"))
    yield "no body", request(key, b"")
    for encoding in (b"gzip", b"deflate", b"br", b"x-unknown"):
        packed = zlib.compress(bytes(1_000_000))
        yield f"content encoding {encoding!r}", request(key, packed, headers=b"Content-Encoding: " + encoding + b"\r\n")
        transfer = b"Content-Transfer-Encoding: base64\r\n"
    yield "base64 part", request(key, part(b"/9j/4AAQ", more=transfer) + END)


def _names(key: str) -> Iterator[Case]:
    for name in (
        b"../../etc/passwd", b"/etc/shadow", b"..\\..\\windows\\win.ini", b"C:\\boot.ini", b"\\\\host\\share", b"a\x00.jpg",
        b"%2e%2e%2f", b"....//....//x", b"~root", b"$(reboot)", b"`id`", b"|id", b"; rm -rf /", b"<script>", b"'; DROP TABLE keys;--",
        b"a" * 10_000, b"\xff\xfe\xfd", b"\xc0\xaf", b"\xed\xa0\x80", "плита".encode(), b"con", b"nul", b".", b"..", b".htaccess",
        b'a"b', b"a\\\"b", b"a\r\nX-Injected: yes", b"{{7*7}}", b"%s%s%n",
    ):  # fmt: skip
        for content in (coded_jpeg(4), b"text"):
            yield (
                f"file name {name[:30]!r}",
                request(key, part(content, b'form-data; name="upload"; filename="' + name + b'"') + END),
            )


def _contents(key: str) -> Iterator[Case]:
    image = coded_jpeg(3)
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + header
        + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    data = zlib.compress(bytes(1_000_000))
    png += struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    jpeg = bytearray(image)
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    webp = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"
    for name, content in {
        "empty": b"", "one byte": b"\xff", "png bomb": png, "jpeg bomb": bytes(jpeg), "webp bomb": webp, "zeros": bytes(100_000),
        "html": b"<html><script>alert(1)</script>", "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "elf": b"\x7fELF" + bytes(500),
        "zip": b"PK\x03\x04" + bytes(500), "pdf": b"%PDF-1.7\n" + image, "gif and jpeg": b"GIF89a" + image, "jpeg and zip": image + b"PK\x03\x04",
        "jpeg and html": image + b"<script>", "html and jpeg": b"<!--" + image, "jpeg twice": image + image, "half": image[: len(image) // 2],
        "png signature": b"\x89PNG\r\n\x1a\n", "riff": b"RIFF\xff\xff\xff\xffWEBPVP8 ", "tiff": b"II*\0\x08\0\0\0", "heic": b"\0\0\0\x18ftypheic",
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n(file) run", "mvg": b"push graphic-context\nurl(https://x)", "bmp": b"BM" + bytes(60),
        "ico": b"\0\0\1\0\1\0" + bytes(60), "xml bomb": b'<!DOCTYPE x [<!ENTITY a "a">]><x>&a;</x>', "many markers": b"\xff\xd8" + b"\xff\xda\0\x02" * 5000,
        "marker beyond the end": b"\xff\xd8\xff\xe1\xff\xff", "endless app": b"\xff\xd8" + b"\xff\xe1\0\x02" * 50_000,
    }.items():  # fmt: skip
        yield f"content {name}", request(key, part(content) + END)
        form = part(content, b'form-data; name="images[]"; filename="a"') + END
        yield f"batch of {name}", request(key, form, path="/api/v1/batch")


def _heads(key: str) -> Iterator[Case]:
    body = part(coded_jpeg(3)) + END
    for extra in (
        b"X-Long: " + b"a" * 40_000 + b"\r\n", b"X-A: b\r\n" * 5000, b"X-Bad\r\n", b": empty\r\n", b"X Y: z\r\n", b"X-A : b\r\n", b"\tfolded\r\n",
        b"X-A: b\r\n folded\r\n", b"X-A: \x00\r\n", b"X-A: \xff\xfe\r\n", b"X-\xff: a\r\n", b"X-A: b\rX-B: c\r\n", b"X-A: b\nX-B: c\r\n",
        b"Expect: 100-continue\r\n", b"Expect: nonsense\r\n", b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"Connection: close, keep-alive\r\n",
        b"Host: other\r\n", b"Host: a b\r\n", b"Host: ../..\r\n", b"X-Forwarded-For: 127.0.0.1\r\n", b"Forwarded: for=127.0.0.1\r\n",
        b"Content_Length: 5\r\n", b"Range: bytes=0-1\r\n", b"If-None-Match: *\r\n", b"Accept: ;;;\r\n", b"Cookie: " + b"a=b;" * 3000 + b"\r\n",
        b"X-HTTP-Method-Override: DELETE\r\n", b"Accept-Charset: utf-7\r\n",
    ):  # fmt: skip
        yield f"header {extra[:30]!r}", request(key, body, headers=extra)
    for length in (
        b"-1",
        b"+5",
        b"0x10",
        b"5, 5",
        b"5 5",
        b"1e3",
        b"99999999999999999999",
        b"9" * 5000,
        b"",
        b"\xb2",
        b"NaN",
        b"10737418240",
    ):
        head = b"POST /api/v1/recognise HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer " + key.encode() + b"\r\n"
        yield f"length {length[:20]!r}", head + b"Content-Length: " + length + b"\r\n\r\n" + body
        yield f"second length {length[:20]!r}", request(key, body, headers=b"Content-Length: " + length + b"\r\n")


def _lines(key: str) -> Iterator[Case]:
    tail = f"\r\nHost: d\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    for line in (
        b"", b"\r\n", b"GET", b"GET /", b"get / HTTP/1.1", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 extra", b"GET / HTTP/9.9", b"GET / HTTP/2.0",
        b"GET / http/1.1", b"GET / HTTP/1", b"GET /api/v1/usage HTTP/1.0", b"GET\t/\tHTTP/1.1", b"GET /\x00 HTTP/1.1", b"GET /\xff HTTP/1.1",
        b"GET /api/v1/%ff HTTP/1.1", b"GET /api/v1/%00 HTTP/1.1", b"GET /api/v1/% HTTP/1.1", b"GET /api/v1/%zz HTTP/1.1", b"GET * HTTP/1.1",
        b"OPTIONS * HTTP/1.1", b"CONNECT device:443 HTTP/1.1", b"GET http://other/api/v1/usage HTTP/1.1", b"GET http://[ HTTP/1.1",
        b"GET http://[::1 HTTP/1.1", b"GET //other/api/v1/usage HTTP/1.1", b"GET /api/v1/../../etc/passwd HTTP/1.1", b"GET ../etc HTTP/1.1",
        b"GET /api/v1/reads/../usage HTTP/1.1", b"GET /api/v1/usage?" + b"a=b&" * 5000 + b" HTTP/1.1", b"GET /" + b"a" * 40_000 + b" HTTP/1.1",
        b"GET /api/v1/usage#x HTTP/1.1", b"GET /api/v1/usage;x=y HTTP/1.1", b"GET \\api\\v1 HTTP/1.1", b"PRI * HTTP/2.0", b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /api/v1/reads?since=" + b"9" * 300 + b" HTTP/1.1", b"GET /api/v1/reads?plate=%ff%fe HTTP/1.1", b"GET /api/v1/reads?limit=1e9 HTTP/1.1",
        b"GET /api/v1/reads?cursor=../../x HTTP/1.1", b"GET /api/v1/reads?limit=5&limit=x HTTP/1.1", b"GET /api/v1/reads?since=nan HTTP/1.1",
        b"GET /api/v1/cameras/..%2f..%2fetc/snapshot HTTP/1.1", b"GET /api/v1/vehicles/%27%3b-- HTTP/1.1", b"GET /api/v1/reads/%2e%2e/crop HTTP/1.1",
        b"DELETE /api/v1/usage HTTP/1.1", b"X" * 5000 + b" / HTTP/1.1", b"TRACE /api/v1/recognise HTTP/1.1", b"POST /api/v1/recognise HTTP/1.1",
    ):  # fmt: skip
        yield f"line {line[:40]!r}", line + tail


def _chunks(key: str) -> Iterator[Case]:
    body = part(coded_jpeg(3)) + END
    size = f"{len(body):x}".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    head = f"POST /api/v1/recognise HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer {key}\r\nContent-Type: {kind}\r\n".encode()
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
    for name, text in {
        "good": size + b"\r\n" + body + b"\r\n0\r\n\r\n", "negative": b"-5\r\nhello\r\n0\r\n\r\n", "not hex": b"xyz\r\nhello\r\n", "huge": b"f" * 40 + b"\r\nhello",
        "prefix": b"0x5\r\nhello\r\n0\r\n\r\n", "plus": b"+5\r\nhello\r\n0\r\n\r\n", "space": b" 5\r\nhello\r\n0\r\n\r\n", "underscore": b"1_0\r\nhello\r\n",
        "no end of line": b"5hello0", "wrong end": b"5\r\nhelloXX0\r\n\r\n", "too short": b"ff\r\nhello\r\n0\r\n\r\n", "too long": b"2\r\nhello\r\n0\r\n\r\n",
        "bare feeds": b"5\nhello\n0\n\n", "long extension": b"5;" + b"a" * 50_000 + b"\r\nhello\r\n0\r\n\r\n", "bad extension": b"5;\x00=\r\nhello\r\n0\r\n\r\n",
        "many extensions": b"5" + b";a=b" * 300 + b"\r\nhello\r\n0\r\n\r\n", "line without end": b"5" * 200_000, "trailers": b"0\r\nA: b\r\n\r\n",
        "trailer without end": b"0\r\n" + b"A: b\r\n" * 50_000, "forbidden trailer": b"0\r\nContent-Length: 5\r\n\r\n", "empty": b"0\r\n\r\n", "nothing": b"\r\n\r\n",
        "single bytes": b"".join(b"1\r\n" + body[i : i + 1] + b"\r\n" for i in range(3000)) + b"0\r\n\r\n", "bad utf-8": b"\xff\xfe\r\n",
    }.items():  # fmt: skip
        yield f"chunks {name}", chunked + text
    for coding in (
        b"gzip",
        b"identity",
        b"chunked, gzip",
        b"gzip, chunked",
        b"chunked, chunked",
        b"xchunked",
        b"chunked\x0b",
        b"\x00",
        b"CHUNKED",
        b"chunked;q=1",
    ):
        yield (
            f"coding {coding!r}",
            head + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        )
        both = b"Content-Length: 5\r\nTransfer-Encoding: " + coding
        yield f"length and coding {coding!r}", head + both + b"\r\n\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n"
    old = head.replace(b"HTTP/1.1", b"HTTP/1.0")
    yield "chunks in 1.0", old + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield "coding with a space", head + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"


def _pipelines(key: str) -> Iterator[Case]:
    good = request(key, part(coded_jpeg(5)) + END)
    usage = f"GET /api/v1/usage HTTP/1.1\r\nHost: d\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
    yield "ten requests at once", usage * 10
    yield "recognitions in a row", good * 4
    yield "good and garbage", good + b"\x00\x01\x02garbage\r\n\r\n"
    yield "garbage and good", b"garbage\r\n\r\n" + good
    yield "good and half", usage + good[:300]
    yield "good and cut head", usage + b"GET /api"
    yield "blank lines between", b"\r\n\r\n" + usage + b"\r\n\r\n" + usage
    yield "smuggled in a body", request(key, usage, content_type="text/plain")
    yield "shorter than told", request(key, b"12345", length=3) + usage
    yield "longer than told", request(key, b"12345", length=50_000)


def _keys(key: str) -> Iterator[Case]:
    for value in (
        b"", b"Bearer", b"Bearer ", b"Bearer  ", b"bearer\t", b"Bearer \xff", b"Bearer \x00", b"Bearer " + b"a" * 20_000, b"Basic Og==", b"Basic \xff",
        b"Digest username=a", b"Bearer npr_", b"Bearer npr_" + b"'" * 43, b"Bearer npr_" + b"%" * 43, b"Token " + key.encode(), b"Bearer " + key.encode() + b",x",
        key.encode(), b"Bearer " + key.encode() + b"\r\nAuthorization: Bearer x", b"=", b"Bearer a=b",
    ):  # fmt: skip
        yield (
            f"authorization {value[:30]!r}",
            b"GET /api/v1/usage HTTP/1.1\r\nHost: d\r\nAuthorization: " + value + b"\r\n\r\n",
        )
    yield "a long body without a key", request("wrong", part(coded_jpeg(3) + bytes(200_000)) + END)


def _flips(key: str) -> Iterator[Case]:
    good = request(key, part(coded_jpeg(6)) + END)
    rng = random.Random(5)
    for number in range(60):
        broken = bytearray(good)
        for _ in range(1 + number // 6):
            broken[rng.randrange(450 if number % 2 else len(broken))] = rng.randrange(256)
        yield f"flipped bytes {number}", bytes(broken)
