/* tests/bench/api/nginx.c: the other side: nginx with the same bytes and the same kind of key. */
#include "base/assert.h"
#include "base/file.h"
#include "base/net/tls_identity.h"
#include "tests/bench/api/api.h"
#include "tests/bench/load/pin.h"

static void path_in(const char *dir, const char *name, char out[HF_PATH_MAX])
{
    int len = snprintf(out, HF_PATH_MAX, "%s/%s", dir, name);
    HF_ASSERT(len > 0 && len < HF_PATH_MAX);
}

static void write_identity(const char *dir, struct hf_hash *ret_pin)
{
    char path[HF_PATH_MAX];
    struct hf_err err = {0};
    struct hf_buf certificate = hf_buf_init(65536);
    struct hf_secret key = {0};
    must(hf_tls_identity_make("localhost", hf_env_wall_us(hf_env_os()), &certificate, &key, &err),
         &err, "certificate");
    path_in(dir, "tls.key", path);
    must(hf_file_create(path, hf_secret_reveal(&key), 0600, &err), &err, path);
    path_in(dir, "tls.pem", path);
    must(hf_file_create(path, hf_buf_bytes(&certificate), 0644, &err), &err, path);
    load_pin(path, ret_pin);
    hf_secret_free(&key);
    hf_buf_free(&certificate);
}

/* A port that nobody has: the system's choice, let go again. */
static void free_address(char out[HF_ADDRESS_TEXT_MAX])
{
    struct hf_address address;
    struct hf_err err = {0};
    must(hf_address_parse("127.0.0.1:0", &address, &err), &err, "address");
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr *to = (struct sockaddr *)(void *)&address.storage;
    bool done = fd >= 0 && bind(fd, to, address.len) == 0;
    address.len = sizeof address.storage;
    done = done && getsockname(fd, to, &address.len) == 0;
    must(done ? HF_OK : HF_EIO, NULL, "address");
    hf_address_format(&address, out);
    (void)close(fd);
}

static void write_files(const char *dir, const char *path, const char *address,
                        struct hf_bytes bytes)
{
    char to[HF_PATH_MAX];
    char text[4096];
    struct hf_err err = {0};
    int len = snprintf(
        text, sizeof text,
        "daemon off; master_process off; worker_processes 1; pid %s/pid; error_log %s/error.log;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; client_body_temp_path %s/t1; proxy_temp_path %s/t2;\n"
        "fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4; scgi_temp_path %s/t5;\n"
        "keepalive_requests 1000000000; keepalive_timeout 75s; open_file_cache max=16;\n"
        "server { listen %s ssl; ssl_certificate %s/tls.pem; ssl_certificate_key %s/tls.key;\n"
        "ssl_protocols TLSv1.2 TLSv1.3; root %s/www; default_type application/json; } }\n",
        dir, dir, dir, dir, dir, dir, dir, address, dir, dir, dir);
    HF_ASSERT(len > 0 && (size_t)len < sizeof text);
    path_in(dir, "nginx.conf", to);
    must(hf_file_create(to, hf_bytes_of(text, (size_t)len), 0644, &err), &err, to);
    len = snprintf(to, sizeof to, "%s/www%s", dir, path);
    HF_ASSERT(len > 0 && (size_t)len < sizeof to);
    char *last = strrchr(to, '/');
    *last = '\0';
    must(hf_dir_create_all(to, 0755, &err), &err, to);
    *last = '/';
    must(hf_file_create(to, bytes, 0644, &err), &err, to);
}

void nginx_start(struct load_process *nginx, const char *dir, const char *path,
                 struct hf_bytes bytes, struct hf_hash *ret_pin)
{
    char address[HF_ADDRESS_TEXT_MAX];
    char conf[HF_PATH_MAX];
    char log[HF_PATH_MAX];
    struct hf_err err = {0};
    must(hf_dir_create_all(dir, 0755, &err), &err, dir);
    path_in(dir, "nginx.conf", conf);
    path_in(dir, "error.log", log);
    free_address(address);
    write_identity(dir, ret_pin);
    write_files(dir, path, address, bytes);
    const char *argv[] = {"nginx", "-p", dir, "-e", log, "-c", conf, NULL};
    load_process_spawn(nginx, argv, log);
    (void)snprintf(nginx->url, sizeof nginx->url, "https://%s", address);
}
