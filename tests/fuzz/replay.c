/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A fuzz target without a fuzzer: every file of tests/fuzz/corpus/FUZZ_TARGET is a test, and so are its halves and the empty input. */
#include "fuzz.h"

static void
replay(gconstpointer path)
{
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    LLVMFuzzerTestOneInput((const uint8_t *) bytes, length);
    g_autofree char *half = g_memdup2(bytes, length / 2 + 1);      /* an allocation of its own, so that reading behind it is seen */
    LLVMFuzzerTestOneInput((const uint8_t *) half, length / 2);
}

static void
replay_nothing(void)
{
    LLVMFuzzerTestOneInput((const uint8_t *) "", 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    LLVMFuzzerInitialize(&argc, &argv);
    const char *root = g_getenv("G_TEST_SRCDIR");
    g_autofree char *folder = g_build_filename(root ? root : ".", "tests/fuzz/corpus", FUZZ_TARGET, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(dir));) {
        g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
        g_autofree char *test = g_strconcat("/fuzz/" FUZZ_TARGET "/", name, NULL);
        g_test_add_data_func(test, paths->pdata[paths->len - 1], replay);
    }
    g_assert_cmpuint(paths->len, >, 3);
    g_test_add_func("/fuzz/" FUZZ_TARGET "/nothing", replay_nothing);
    return g_test_run();
}
