/* tests/bench/echo.c: sends back what comes over a Unix socket, to one peer, and does nothing else.
 *
 *   bench_echo PATH
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 1) != 0) {
        return -1;
    }
    return fd;
}

static void echo(int fd)
{
    static char data[65536];
    ssize_t len;
    while ((len = read(fd, data, sizeof data)) > 0) {
        for (ssize_t sent = 0; sent < len;) {
            ssize_t now = write(fd, data + sent, (size_t)(len - sent));
            if (now < 0) {
                return;
            }
            sent += now;
        }
    }
}

int main(int argc, char **argv)
{
    int listener = argc == 2 ? listen_at(argv[1]) : -1;
    if (listener < 0) {
        (void)fprintf(stderr, "bench_echo: no socket; give the path of a new one\n");
        return 1;
    }
    (void)puts("listening");
    (void)fflush(stdout);
    int peer = accept(listener, NULL, NULL);
    if (peer < 0) {
        perror("bench_echo: accept");
        return 1;
    }
    echo(peer);
    return 0;
}
