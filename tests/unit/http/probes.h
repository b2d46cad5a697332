/* tests/unit/http/probes.h: raw requests that servers have got wrong, and what ours must do.
 *
 * XX(name, bytes, requests that are taken, status of the refusal after them: 0 none)
 * H is the Host field, so that only one thing is wrong at a time.
 */
#ifndef HF_TESTS_UNIT_HTTP_PROBES_H
#define HF_TESTS_UNIT_HTTP_PROBES_H

#define H      "Host: h\r\n"
#define OK_GET "GET / HTTP/1.1\r\n" H "\r\n"

#define PROBES(XX)                                                                                 \
    XX("get", OK_GET, 1, 0)                                                                        \
    XX("pipeline of three", OK_GET OK_GET OK_GET, 3, 0)                                            \
    XX("post", "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", 1, 0)                       \
    XX("post and get", "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc" OK_GET, 2, 0)        \
    XX("chunked post",                                                                             \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"                    \
       "A\r\n0123456789\r\n0\r\n\r\n" OK_GET,                                                      \
       2, 0)                                                                                       \
    XX("trailers", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",  \
       1, 0)                                                                                       \
    XX("100-continue",                                                                             \
       "POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 1, 0)         \
    XX("HTTP/1.0", "GET / HTTP/1.0\r\n" H "\r\n", 1, 0)                                            \
    XX("connect", "CONNECT h:443 HTTP/1.1\r\n" H "\r\n", 1, 0)                                     \
    XX("absolute form", "GET http://h/ HTTP/1.1\r\n" H "\r\n", 1, 0)                               \
    XX("asterisk form", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 1, 0)                                   \
    XX("obs-text", "GET / HTTP/1.1\r\n" H "X: \xC3\xA9\r\n\r\n", 0, 400)                           \
    XX("CL then TE",                                                                               \
       "POST / HTTP/1.1\r\n" H "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n"               \
       "\r\n0\r\n\r\nG",                                                                           \
       0, 400)                                                                                     \
    XX("TE then CL",                                                                               \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n"               \
       "\r\n0\r\n\r\nG",                                                                           \
       0, 400)                                                                                     \
    XX("two lengths",                                                                              \
       "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 0, 400)       \
    XX("the same length twice",                                                                    \
       "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n"                        \
       "\r\nabc",                                                                                  \
       0, 400)                                                                                     \
    XX("CL +3", "POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc", 0, 400)                   \
    XX("CL -1", "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\nabc", 0, 400)                   \
    XX("CL 3 3", "POST / HTTP/1.1\r\n" H "Content-Length: 3 3\r\n\r\nabc", 0, 400)                 \
    XX("CL 3,3", "POST / HTTP/1.1\r\n" H "Content-Length: 3,3\r\n\r\nabc", 0, 400)                 \
    XX("CL 0x3", "POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc", 0, 400)                 \
    XX("CL empty", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nabc", 0, 400)                   \
    XX("CL overflow", "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\na", 0,  \
       400)                                                                                        \
    XX("TE twice",                                                                                 \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"                                    \
       "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",                                             \
       0, 501)                                                                                     \
    XX("TE chunked twice",                                                                         \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"                                    \
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",                                              \
       0, 400)                                                                                     \
    XX("TE space before colon",                                                                    \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n"                               \
       "0\r\n\r\n",                                                                                \
       0, 400)                                                                                     \
    XX("TE gzip, chunked",                                                                         \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"                          \
       "0\r\n\r\n",                                                                                \
       0, 501)                                                                                     \
    XX("TE xchunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 0,   \
       501)                                                                                        \
    XX("TE on HTTP/1.0",                                                                           \
       "POST / HTTP/1.0\r\n" H "Connection: keep-alive\r\n"                                        \
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",                                              \
       0, 400)                                                                                     \
    XX("obs-fold", "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 0, 400)                            \
    XX("obs-fold TE", "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",   \
       0, 501)                                                                                     \
    XX("bare LF", "GET / HTTP/1.1\nHost: h\n\n", 0, 400)                                           \
    XX("bare LF in a field", "GET / HTTP/1.1\r\n" H "X: a\nY: b\r\n\r\n", 0, 400)                  \
    XX("bare CR hides TE", "POST / HTTP/1.1\r\n" H "X: a\rTransfer-Encoding: chunked\r\n\r\n", 0,  \
       400)                                                                                        \
    XX("CR CR LF", "GET / HTTP/1.1\r\n" H "X: a\r\r\n\r\n", 0, 400)                                \
    XX("CRLF CR X", "GET / HTTP/1.1\r\n" H "\r\rX", 0, 400)                                        \
    XX("LF after the target", "GET /\nHTTP/1.1\r\n" H "\r\n", 0, 400)                              \
    XX("NUL in a value", "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", 0, 400)                         \
    XX("space in a name", "GET / HTTP/1.1\r\n" H "X Y: a\r\n\r\n", 0, 400)                         \
    XX("tab in a name", "GET / HTTP/1.1\r\n" H "X\t: a\r\n\r\n", 0, 400)                           \
    XX("empty name", "GET / HTTP/1.1\r\n" H ": a\r\n\r\n", 0, 400)                                 \
    XX("no colon", "GET / HTTP/1.1\r\n" H "X\r\n\r\n", 0, 400)                                     \
    XX("no Host", "GET / HTTP/1.1\r\n\r\n", 0, 400)                                                \
    XX("two Hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 0, 400)                                       \
    XX("bad Host", "GET / HTTP/1.1\r\nHost: a/b@c\r\n\r\n", 0, 400)                                \
    XX("no version", "GET /\r\n" H "\r\n", 0, 400)                                                 \
    XX("HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", 0, 505)                                          \
    XX("HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", 0, 505)                                          \
    XX("http/1.1", "GET / http/1.1\r\n" H "\r\n", 0, 400)                                          \
    XX("two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", 0, 400)                                       \
    XX("space in the target", "GET /a b HTTP/1.1\r\n" H "\r\n", 0, 400)                            \
    XX("tab for a space", "GET\t/ HTTP/1.1\r\n" H "\r\n", 0, 400)                                  \
    XX("target without slash", "GET j HTTP/1.1\r\n" H "\r\n", 0, 400)                              \
    XX("fragment", "GET /#a HTTP/1.1\r\n" H "\r\n", 0, 400)                                        \
    XX("method", "BREW / HTTP/1.1\r\n" H "\r\n", 0, 501)                                           \
    XX("small method", "get / HTTP/1.1\r\n" H "\r\n", 0, 501)                                      \
    XX("empty line first", "\r\n" OK_GET, 0, 400)                                                  \
    XX("TLS hello", "\x16\x03\x01\x02\x00\x01\x00", 0, 400)                                        \
    XX("expectation", "POST / HTTP/1.1\r\n" H "Expect: tea\r\n\r\n", 0, 417)                       \
    XX("chunk without CRLF",                                                                       \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc"                        \
       "0\r\n\r\n",                                                                                \
       0, 400)                                                                                     \
    XX("chunk extension",                                                                          \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc"                    \
       "\r\n0\r\n\r\n",                                                                            \
       0, 400)                                                                                     \
    XX("chunk size zz", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 0,     \
       400)                                                                                        \
    XX("chunk size -3", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", \
       0, 400)                                                                                     \
    XX("chunk size 0x3",                                                                           \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", 0, 400)         \
    XX("chunk size overflow",                                                                      \
       "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"                                \
       "fffffffffffffffff\r\n",                                                                    \
       0, 413)                                                                                     \
    XX("chunk size with LF", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\nabc",   \
       0, 400)                                                                                     \
    XX("body too big", "POST / HTTP/1.1\r\n" H "Content-Length: 100001\r\n\r\n", 0, 413)

#endif
