/* tests/unit/http/probes.c: raw requests, most of them hostile, and what has to become of each.
 *
 * Where a second request could be smuggled, it is there: accepting it would raise `accepted`.
 */
#include "tests/unit/http/probes.h"

#include "base/assert.h"

#define HOST   "Host: a.example\r\n"
#define POST   "POST /p HTTP/1.1\r\n" HOST
#define GET    "GET /g HTTP/1.1\r\n" HOST
#define CHUNKS POST "Transfer-Encoding: chunked\r\n\r\n"
#define NEXT   "GET /smuggled HTTP/1.1\r\n" HOST "\r\n"

#define GOOD(name, count, body, bytes)                                                             \
    {                                                                                              \
        name, {(const uint8_t *)(bytes), sizeof(bytes) - 1}, count, 0, body                        \
    }
#define BAD(name, status, bytes)                                                                   \
    {                                                                                              \
        name, {(const uint8_t *)(bytes), sizeof(bytes) - 1}, 0, status, ""                         \
    }

const struct hf_http_limits probe_limits = {
    .head_max = 1024, .target_max = 256, .body_max = 4096, .framing_max = 128};

/* clang-format off */
const struct probe probes[] = {
    /* The 56 probes of the comparison of HTTP libraries. */
    BAD("length-and-chunked", 400,
        POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT),
    BAD("chunked-and-length", 400,
        POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" NEXT),
    BAD("two-lengths", 400, POST "Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc" NEXT),
    BAD("same-length-twice", 400, POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    BAD("length-plus", 400, POST "Content-Length: +3\r\n\r\nabc"),
    BAD("length-minus", 400, POST "Content-Length: -3\r\n\r\nabc"),
    BAD("length-two-numbers", 400, POST "Content-Length: 3 3\r\n\r\nabc"),
    BAD("length-list", 400, POST "Content-Length: 3,3\r\n\r\nabc"),
    BAD("length-hex", 400, POST "Content-Length: 0x3\r\n\r\nabc"),
    BAD("length-empty", 400, POST "Content-Length:\r\n\r\nabc"),
    BAD("length-overflow", 413, POST "Content-Length: 18446744073709551619\r\n\r\nabc"),
    BAD("coding-twice", 400,
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" NEXT),
    BAD("chunked-twice", 400,
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("coding-space-colon", 400, POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" NEXT),
    BAD("coding-gzip-chunked", 501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" NEXT),
    BAD("coding-chunked-chunked", 501, POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    BAD("coding-identity", 501, POST "Transfer-Encoding: identity\r\n\r\n" NEXT),
    BAD("coding-vertical-tab", 400, POST "Transfer-Encoding: \x0b""chunked\r\n\r\n0\r\n\r\n"),
    BAD("coding-suffix", 501, POST "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n"),
    BAD("coding-upper-case", 501, POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"),
    BAD("coding-http10", 400,
        "POST /p HTTP/1.0\r\n" HOST "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n" NEXT),
    BAD("folded-field", 400, GET "X-A: one\r\n two\r\n\r\n"),
    BAD("folded-coding", 400, POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" NEXT),
    BAD("folded-length", 400, POST "Content-Length:\r\n 5\r\n\r\nabcde" NEXT),
    BAD("folded-first", 400, "GET / HTTP/1.1\r\n X: y\r\n" HOST "\r\n"),
    BAD("bare-lf", 400, "GET / HTTP/1.1\nHost: a.example\n\n"),
    BAD("bare-lf-in-field", 400, GET "X-A: b\nTransfer-Encoding: chunked\r\n\r\n"),
    BAD("bare-cr-hides-coding", 400,
        POST "X-A: b\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT),
    BAD("crlf-cr-x", 400, GET "X-A: b\r\n\rXTransfer-Encoding: chunked\r\n\r\n"),
    BAD("lf-after-target", 400, "GET /\nHost: a.example\r\n\r\n"),
    BAD("nul-in-value", 400, GET "X-A: b\0c\r\n\r\n"),
    BAD("nul-in-name", 400, GET "X-\0A: b\r\n\r\n"),
    BAD("delete-in-value", 400, GET "X-A: b\x7f\r\n\r\n"),
    BAD("space-in-name", 400, GET "X A: b\r\n\r\n"),
    BAD("empty-name", 400, GET ": b\r\n\r\n"),
    BAD("no-colon", 400, GET "Nothing\r\n\r\n"),
    BAD("no-host", 400, "GET / HTTP/1.1\r\nX-A: b\r\n\r\n"),
    BAD("two-hosts", 400, GET "Host: b.example\r\n\r\n"),
    BAD("host-with-user", 400, "GET / HTTP/1.1\r\nHost: u@a.example\r\n\r\n"),
    BAD("no-version", 400, "GET /\r\n\r\n"),
    BAD("version-2", 505, "GET / HTTP/2.0\r\n" HOST "\r\n"),
    BAD("version-12", 505, "GET / HTTP/1.2\r\n" HOST "\r\n"),
    BAD("version-lower-case", 400, "GET / http/1.1\r\n" HOST "\r\n"),
    BAD("two-spaces", 400, "GET  / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("data-without-crlf", 400, CHUNKS "3\r\nabc0\r\n\r\n" NEXT),
    BAD("data-too-long", 400, CHUNKS "3\r\nabcd\r\n0\r\n\r\n"),
    BAD("chunk-extension", 400, CHUNKS "3;a=b\r\nabc\r\n0\r\n\r\n"),
    BAD("size-zz", 400, CHUNKS "zz\r\nabc\r\n0\r\n\r\n"),
    BAD("size-minus", 400, CHUNKS "-3\r\nabc\r\n0\r\n\r\n"),
    BAD("size-overflow", 413, CHUNKS "10000000000000003\r\nabc\r\n0\r\n\r\n"),
    BAD("size-0x3", 400, CHUNKS "0x3\r\nabc\r\n0\r\n\r\n"),
    GOOD("pipeline", 3, "", GET "\r\n" GET "\r\n" GET "\r\n"),
    GOOD("expect-continue", 1, "abc", POST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"),
    GOOD("chunked", 1, "abcdefghijklm", CHUNKS "3\r\nabc\r\nA\r\ndefghijklm\r\n0\r\n\r\n"),
    GOOD("connect", 1, "", "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n"),
    GOOD("absolute-form", 1, "", "GET http://b.example:8080/x?y=%20 HTTP/1.1\r\n" HOST "\r\n"),
    /* What our own rules add. */
    BAD("empty-line-first", 400, "\r\n" GET "\r\n"),
    BAD("tls-hello", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    BAD("method-unknown", 501, "BREW / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("method-lower-case", 501, "get / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("http2-preface", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD("target-not-a-path", 400, "GET j HTTP/1.1\r\n" HOST "\r\n"),
    BAD("target-fragment", 400, "GET /#a HTTP/1.1\r\n" HOST "\r\n"),
    BAD("target-half-escape", 400, "GET /%2 HTTP/1.1\r\n" HOST "\r\n"),
    BAD("target-high-byte", 400, "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"),
    BAD("target-ftp", 400, "GET ftp://a.example/ HTTP/1.1\r\n" HOST "\r\n"),
    BAD("target-user", 400, "GET http://u@a.example/ HTTP/1.1\r\n" HOST "\r\n"),
    BAD("star-with-get", 400, "GET * HTTP/1.1\r\n" HOST "\r\n"),
    BAD("connect-path", 400, "CONNECT /a HTTP/1.1\r\n" HOST "\r\n"),
    BAD("connect-no-port", 400, "CONNECT a.example HTTP/1.1\r\n" HOST "\r\n"),
    BAD("connect-port-0", 400, "CONNECT a.example:0 HTTP/1.1\r\n" HOST "\r\n"),
    BAD("connect-port-65536", 400, "CONNECT a.example:65536 HTTP/1.1\r\n" HOST "\r\n"),
    BAD("connect-body", 400,
        "CONNECT a.example:443 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"),
    BAD("host-empty", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    BAD("host-path", 400, "GET / HTTP/1.1\r\nHost: a.example/b\r\n\r\n"),
    BAD("size-line-lf", 400, CHUNKS "3\nabc\r\n0\r\n\r\n"),
    BAD("size-empty", 400, CHUNKS "\r\nabc\r\n0\r\n\r\n"),
    BAD("size-space", 400, CHUNKS "3 \r\nabc\r\n0\r\n\r\n"),
    BAD("data-lf", 400, CHUNKS "3\r\nabc\n0\r\n\r\n"),
    BAD("trailer-lf", 400, CHUNKS "0\r\nX: y\n\r\n"),
    BAD("trailer-folded", 400, CHUNKS "0\r\nX: y\r\n z\r\n\r\n"),
    BAD("trailer-length", 400, CHUNKS "0\r\nX: y\r\ncontent-LENGTH: 3\r\n\r\n"),
    BAD("trailer-coding", 400, CHUNKS "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    BAD("trailer-host", 400, CHUNKS "0\r\nHost: b\r\n\r\n"),
    GOOD("trailer-near", 1, "", CHUNKS "0\r\nHosts: y\r\nHos: y\r\nTransfer-Encodings: y\r\n\r\n"),
    GOOD("trailer", 1, "", CHUNKS "0\r\nX: y\r\n\r\n"),
    GOOD("chunked-pipeline", 2, "abc", CHUNKS "03\r\nabc\r\n000\r\n\r\n" GET "\r\n"),
    GOOD("length-pipeline", 3, "abcde",
        POST "Content-Length: 3\r\n\r\nabc" POST "Content-Length: 02\r\n\r\nde" GET "\r\n"),
    GOOD("length-0", 2, "", POST "Content-Length: 0\r\n\r\n" GET "\r\n"),
    GOOD("upgrade", 2, "", GET "Connection: upgrade\r\nUpgrade: x\r\n\r\n" GET "\r\n"),
    GOOD("upgrade-chunked", 2, "a",
        POST "Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
        "0\r\n\r\n" GET "\r\n"),
    GOOD("after-close", 2, "", GET "Connection: close\r\n\r\n" GET "\r\n"),
    GOOD("connect-ipv6", 1, "",
        "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n"),
    GOOD("options-star", 1, "", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"),
    GOOD("http10", 1, "ab", "POST / HTTP/1.0\r\n" HOST "Content-Length: 2\r\n\r\nab"),
    GOOD("high-bytes-in-value", 1, "", GET "X-A: \xc3\xa4 \t b \r\n\r\n"),
    GOOD("empty-value", 1, "", GET "X-A:\r\nX-B: \t \r\n\r\n"),
};
/* clang-format on */
const size_t probe_count = HF_LEN(probes);
