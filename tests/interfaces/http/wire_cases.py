"""Requests as no client library sends them, and what the server has to make of each."""

from typing import NamedTuple

KEY = b"<key>"
"""In a request: the merchant's API key."""
PAY = b'{"customer_id":"customer-1","amount":1000,"currency":"EUR","payment_method":{"type":"card","token":"tok_visa"}}'


class WireCase(NamedTuple):
    """`statuses` are those that will do for each answer, none of them where the server hangs up without a word.
    `ends` shuts the sending half afterwards; `stays` says that the connection serves another request."""

    name: str
    request: bytes
    statuses: tuple[int, ...]
    ends: bool = False
    stays: bool = False
    answers: int = 1


def request(line: str | bytes, *headers: str | bytes, body: bytes = b"", host: bytes | None = b"api") -> bytes:
    """A request with the merchant's key; its version is 1.1 unless `line` has one."""
    start = _bytes(line)
    lines = [start if start.split(b" ")[-1].startswith(b"HTTP/") else start + b" HTTP/1.1"]
    lines += [] if host is None else [b"Host: " + host]
    lines += [b"Authorization: Bearer " + KEY, *map(_bytes, headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def post(*headers: str | bytes, body: bytes = b"", path: str = "/v1/payment_intents") -> bytes:
    return request(f"POST {path}", *headers, body=body)


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


LIST = "GET /v1/payments"
CHUNKED = "Transfer-Encoding: chunked"

REQUEST_LINES = (
    WireCase("no request line", b"\r\n\r\n" + request(LIST), (200,), stays=True),
    WireCase("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, (400,)),
    WireCase("nothing at all", b"", (), ends=True),
    WireCase("half a request line", b"GET /v1/pay", (), ends=True),
    WireCase("HTTP/0.9", b"GET /v1/payments\r\n\r\n", (400,)),
    WireCase("HTTP/1.0", request("GET /v1/payments HTTP/1.0", host=None), (200,)),
    WireCase("HTTP/1.2", request("GET /v1/payments HTTP/1.2"), (400, 505)),
    WireCase("HTTP/3.0", request("GET /v1/payments HTTP/3.0"), (400, 505)),
    WireCase("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", ()),
    WireCase("an upgrade to h2c", request(LIST, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"), (200,)),
    WireCase(
        "an upgrade to a websocket",
        request(LIST, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        (200,),
    ),
    WireCase("a space in the path", request("GET /v1/pay ments"), (400,)),
    WireCase("no path", request("GET "), (400,)),
    WireCase("a relative path", request("GET v1/payments"), (400,)),
    WireCase("lines that end in LF", request(LIST).replace(b"\r\n", b"\n"), (200,), stays=True),
)
METHODS = (
    WireCase("a method in lower case", request("get /v1/payments"), (405,), stays=True),
    WireCase("a method that nobody knows", request("BREW /v1/payments"), (405,), stays=True),
    WireCase("a method of 5,000 letters", request("X" * 5000 + " /v1/payments"), (405,), stays=True),
    WireCase("TRACE", request("TRACE /v1/payments"), (405,), stays=True),
    WireCase("CONNECT", request("CONNECT api:80"), (404,)),
    WireCase("OPTIONS *", request("OPTIONS *"), (404,), stays=True),
    WireCase("a method with NUL", request(b"GE\x00T /v1/payments"), (400,)),
)
TARGETS = (
    WireCase("absolute form", request("GET http://elsewhere/v1/payments"), (200,), stays=True),
    WireCase("absolute form, a port out of range", request("GET http://x:99999999/v1/payments"), (200, 400)),
    WireCase("absolute form, a user", request("GET http://a:b@elsewhere/v1/payments"), (200, 400)),
    WireCase("an empty first segment", request("GET //v1/payments"), (404,), stays=True),
    WireCase("an empty segment before the operators' routes", request("GET //v1/operator/payouts"), (404,), stays=True),
    WireCase("an empty segment before the metrics", request("GET //metrics"), (404,), stays=True),
    WireCase("empty segments within", request("GET /v1///payments"), (404,), stays=True),
    WireCase("a trailing slash", request("GET /v1/payments/"), (200,), stays=True),
    WireCase("two trailing slashes", request("GET /v1/payments//"), (404,), stays=True),
    WireCase("dot segments", request("GET /health/../v1/payments"), (404,), stays=True),
    WireCase("encoded dot segments", request("GET /health/%2e%2E/v1/payments"), (404,), stays=True),
    WireCase("a dot segment at the end", request("GET /v1/payments/."), (404,), stays=True),
    WireCase("an encoded slash", request("GET /v1%2Fpayments"), (404,), stays=True),
    WireCase("an encoded slash before the metrics", request("GET /%2fmetrics"), (404,), stays=True),
    WireCase("a backslash", request("GET /v1\\payments"), (400, 404)),
    WireCase("an encoded backslash", request("GET /v1%5Cpayments"), (404,), stays=True),
    WireCase("an encoded NUL", request("GET /v1/payments/pay_%00"), (404,), stays=True),
    WireCase("encoded bytes that are no UTF-8", request("GET /v1/payments/%FF%C0%AF"), (404,), stays=True),
    WireCase("bytes that are no ASCII", request(b"GET /v1/payments/\xff\xfe"), (400,)),
    WireCase("half an escape", request("GET /v1/payments/%"), (404,), stays=True),
    WireCase("an escape that is none", request("GET /v1/payments/%zz"), (404,), stays=True),
    WireCase("a fragment", request("GET /v1/payments#top"), (200, 400)),
    WireCase("a path of 8 KiB", request("GET /v1/payments/" + "a" * 8000), (404,), stays=True),
    WireCase("a path over 8 KiB", request("GET /v1/payments/" + "1-" * 4500), (414,)),
    WireCase("a path of 60 KB", request("GET /v1/payments/" + "1-" * 30_000), (414,)),
    WireCase("a path of 70 KB", request("GET /v1/payments/" + "1-" * 35_000), (414,)),
    WireCase("a query over 8 KiB", request(LIST + "?limit=" + "1" * 9000), (414,)),
)
QUERIES = (
    WireCase("1,500 times one parameter", request(LIST + "?" + "a=1&" * 1500), (400,), stays=True),
    WireCase("1,500 times a parameter that there is", request(LIST + "?" + "limit=1&" * 900), (400,), stays=True),
    WireCase("a number of 5,000 digits", request(LIST + "?limit=1" + "0" * 5000), (400,), stays=True),
    WireCase("a digit that is no ASCII", request(LIST + "?limit=%D9%A1"), (400,), stays=True),
    WireCase("NUL in a query", request(LIST + "?customer_id=%00"), (400,), stays=True),
    WireCase("no UTF-8 in a query", request(LIST + "?customer_id=%FF%FE"), (400,), stays=True),
    WireCase("raw bytes in a query", request(LIST.encode() + b"?customer_id=\xff"), (400,)),
    WireCase("a query of separators", request(LIST + "?&&;;==&%"), (200, 400), stays=True),
)
HEADERS = (
    WireCase("no Host", request(LIST, host=None), (400,), stays=True),
    WireCase("an empty Host", request(LIST, host=b""), (400,), stays=True),
    WireCase("a Host with a port out of range", request(LIST, host=b"x:99999999"), (400,), stays=True),
    WireCase(
        "a command with such a Host",
        request("POST /v1/payments/pay_x/void", "Content-Length: 2", host=b"x:99999999", body=b"{}"),
        (400,),
    ),
    WireCase("a Host with a port that is none", request(LIST, host=b"x:http"), (400,), stays=True),
    WireCase("a Host with half an IPv6 address", request(LIST, host=b"[::1"), (400,), stays=True),
    WireCase("a Host that is an IPv6 address", request(LIST, host=b"[::1]:8000"), (200,), stays=True),
    WireCase("a Host with a path", request(LIST, host=b"x/y"), (400,), stays=True),
    WireCase("a Host with a user", request(LIST, host=b"a:b@x"), (400,), stays=True),
    WireCase("a Host that is no ASCII", request(LIST, host=b"\xff\xfe"), (400,), stays=True),
    WireCase("two Hosts", request(LIST, "Host: other"), (400,), stays=True),
    WireCase("two keys", request(LIST, "Authorization: Bearer other"), (400,), stays=True),
    WireCase("the same key twice", request(LIST, b"authorization: Bearer " + KEY), (400,), stays=True),
    WireCase(
        "two idempotency keys",
        post("Idempotency-Key: a", "Idempotency-Key: b", f"Content-Length: {len(PAY)}", body=PAY),
        (400,),
    ),
    WireCase("90 headers", request(LIST, *(f"X-{i}: a" for i in range(90))), (200,), stays=True),
    WireCase("200 headers", request(LIST, *(f"X-{i}: a" for i in range(200))), (431,)),
    WireCase("a header of 60 KB", request(LIST, "X-Long: " + "a" * 60_000), (200,), stays=True),
    WireCase("a header of 300 KB", request(LIST, "X-Long: " + "a" * 300_000), (431,)),
    WireCase("a space in a header's name", request(LIST, "X Y: a"), (400,)),
    WireCase("a space before the colon", request(LIST, "X : a"), (400,)),
    WireCase("a folded header", request(LIST, "X: a", " b"), (400,)),
    WireCase("NUL in a header", request(LIST, b"X: a\x00b"), (400,)),
    WireCase("a bare CR in a header", request(LIST, b"X: a\rb"), (400,)),
    WireCase("a header without a colon", request(LIST, "nonsense"), (400,)),
    WireCase("a request id that is no ASCII", request(LIST, b"X-Request-Id: \xff\xfe"), (200,), stays=True),
    WireCase("a traceparent that is no ASCII", request(LIST, b"traceparent: \xff\xfe"), (200,), stays=True),
    WireCase("an Accept that is none", request(LIST, b"Accept: ;;q=x,\xff"), (200,), stays=True),
    WireCase("a Cookie that is none", request(LIST, b"Cookie: ;;=\xff;a"), (200,), stays=True),
    WireCase("a Range", request(LIST, "Range: bytes=0-0,-1,5-1"), (200,), stays=True),
    WireCase("a key that is no ASCII", request(LIST).replace(KEY, b"\xff\xfe"), (401,), stays=True),
    WireCase("a key of 10,000 letters", request(LIST).replace(KEY, b"tsk_" + b"a" * 10_000), (401,), stays=True),
)
BODIES = (
    WireCase("a body cut short", post("Content-Length: 200", body=b"x" * 100), (400,), ends=True),
    WireCase("a chunk cut short", post(CHUNKED, body=b"5\r\nabc"), (400,), ends=True),
    WireCase("chunks without end", post(CHUNKED, body=b"5\r\nabcde\r\n"), (400,), ends=True),
    WireCase("a chunk's size that is none", post(CHUNKED, body=b"zz\r\nabcde\r\n0\r\n\r\n"), (400,)),
    WireCase("a chunk's size of 17 digits", post(CHUNKED, body=b"f" * 17 + b"\r\nabcde\r\n0\r\n\r\n"), (400,)),
    WireCase("a negative chunk's size", post(CHUNKED, body=b"-1\r\nabcde\r\n0\r\n\r\n"), (400,)),
    WireCase("a chunk with an endless extension", post(CHUNKED, body=b"5;" + b"a" * 60_000), (400,), ends=True),
    WireCase(
        "a payment in chunks of one byte",
        post(
            CHUNKED, "Idempotency-Key: in-chunks", body=b"".join(b"1\r\n%c\r\n" % byte for byte in PAY) + b"0\r\n\r\n"
        ),
        (201,),
        stays=True,
    ),
    WireCase("chunks over 64 KiB", post(CHUNKED, body=(b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 5), (413,)),
    WireCase("a body over 64 KiB", post("Content-Length: 65537", body=b" " * 65_537), (413,)),
    WireCase("a body of 10 GB", post("Content-Length: 9999999999", body=b"{}"), (413,)),
    WireCase("a length of 23 digits", post("Content-Length: 99999999999999999999999", body=b"{}"), (400,)),
    WireCase("a negative length", post("Content-Length: -1", body=b"{}"), (400,)),
    WireCase("a length with a sign", post("Content-Length: +2", body=b"{}"), (400,)),
    WireCase("a length in hexadecimal", post("Content-Length: 0x2", body=b"{}"), (400,)),
    WireCase("two lengths", post("Content-Length: 2", "Content-Length: 3", body=b"{} "), (400,)),
    WireCase("a length and chunks", post("Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"), (400,)),
    WireCase("chunks and a length", post(CHUNKED, "Content-Length: 5", body=b"0\r\n\r\n"), (400,)),
    WireCase("a transfer coding without chunks", post("Transfer-Encoding: gzip", body=b"{}"), (400, 501)),
    WireCase("two transfer codings", post("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), (400, 501)),
    WireCase("chunks in HTTP/1.0", request("POST /v1/payment_intents HTTP/1.0", CHUNKED, body=b"0\r\n\r\n"), (400,)),
    WireCase("a content coding", post("Content-Encoding: gzip", "Content-Length: 3", body=b"\x1f\x8b\x08"), (400, 415)),
    WireCase(
        "a content coding that nobody knows", post("Content-Encoding: x", "Content-Length: 2", body=b"{}"), (400, 415)
    ),
    WireCase(
        "a content type that is none",
        post(b"Content-Type: \xff;=", "Content-Length: 2", body=b"{}"),
        (415,),
        stays=True,
    ),
    WireCase("a form", post("Content-Type: multipart/form-data", "Content-Length: 2", body=b"{}"), (415,), stays=True),
    WireCase(
        "JSON as text", post("Content-Type: text/plain", f"Content-Length: {len(PAY)}", body=PAY), (415,), stays=True
    ),
    WireCase("a body on GET", request(LIST, f"Content-Length: {len(PAY)}", body=PAY), (200,), stays=True),
    WireCase("a body on GET cut short", request(LIST, "Content-Length: 200", body=b"x"), (200,), ends=True),
    WireCase("NUL before the body", post("Content-Length: 3", body=b"\x00{}"), (400,), stays=True),
    WireCase("60,000 brackets", post("Content-Length: 60000", body=b"[" * 60_000), (400,), stays=True),
    WireCase("a number of 60,000 digits", post("Content-Length: 60000", body=b"1" * 60_000), (400,), stays=True),
    WireCase("half a surrogate", post("Content-Length: 19", body=b'{"customer_id":"\\ud8"'[:19]), (400,), stays=True),
    WireCase("a body that is no UTF-8", post("Content-Length: 4", body=b'"\xff\xfe"'), (400,), stays=True),
    WireCase(
        "Expect: 100-continue", post("Expect: 100-continue", "Content-Length: 2", body=b"{}"), (100, 400), answers=2
    ),
    WireCase("an expectation nobody knows", post("Expect: fish", "Content-Length: 2", body=b"{}"), (400, 417)),
    WireCase(
        "a webhook cut short",
        post("Content-Length: 200", path="/v1/provider_webhooks/simulator", body=b"x"),
        (400,),
        ends=True,
    ),
    WireCase(
        "a signature that is no ASCII",
        post(
            b"Tallystick-Simulator-Signature: \xff",
            "Content-Length: 2",
            path="/v1/provider_webhooks/simulator",
            body=b"{}",
        ),
        (401,),
        stays=True,
    ),
    WireCase(
        "evidence whose type is no ASCII",
        request("PUT /v1/disputes/dp_x/evidence/a", b"Content-Type: \xff", "Content-Length: 3", body=b"abc"),
        (404,),
    ),
)
PIPELINES = (
    WireCase("five requests at once", request(LIST) * 5, (200,), stays=True, answers=5),
    WireCase(
        "a command and a query at once",
        post("Content-Length: 2", body=b"{}") + request(LIST),
        (400, 200),
        stays=True,
        answers=2,
    ),
    WireCase("a request behind one that ends", request(LIST, "Connection: close") + request(LIST), (200,)),
    WireCase("garbage behind a request", request(LIST) + b"\x00\x01\x02\r\n\r\n", (200, 400), answers=2),
    WireCase("a request behind a body cut by it", post("Content-Length: 400", body=request(LIST)), (400,), ends=True),
)
CASES = (*REQUEST_LINES, *METHODS, *TARGETS, *QUERIES, *HEADERS, *BODIES, *PIPELINES)
