/* tests/fuzz/fuzz_main.c: replays files, or all files of folders, through a fuzz target. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    struct hf_buf buf = hf_buf_init(64u << 20);
    struct hf_err err = {0};
    if (hf_file_read(path, &buf, &err) != HF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        hf_buf_free(&buf);
        return 1;
    }
    (void)LLVMFuzzerTestOneInput(buf.ptr, buf.len);
    hf_buf_free(&buf);
    return 0;
}

static int replay(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return replay_file(path);
    }
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return 1;
    }
    int failures = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char file[HF_PATH_MAX];
        if (entry->d_name[0] != '.' &&
            hf_path_join(path, entry->d_name, file, sizeof file) == HF_OK) {
            failures += replay_file(file);
        }
    }
    (void)closedir(dir);
    return failures;
}

int main(int argc, char **argv)
{
    int failures = 0;
    for (int i = 1; i < argc; i++) {
        failures += replay(argv[i]);
    }
    return failures == 0 ? 0 : 1;
}
