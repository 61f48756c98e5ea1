/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The file of fake hosts, and behind a line "---" the state that the last process left, perhaps half written. */
#include "fuzz.h"

#include "host/fake.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *folder, *file, *state, *control;

static void
clear_folder(void)
{
    unlink(file);
    unlink(state);
    unlink(control);
    rmdir(folder);
    g_free(folder);
    g_free(file);
    g_free(state);
    g_free(control);
}

static void
make_folder(void)
{
    folder = g_dir_make_tmp("shikiri-fuzz-XXXXXX", NULL);
    g_assert_nonnull(folder);
    file = g_build_filename(folder, "hosts.conf", NULL);
    state = g_build_filename(folder, "state", NULL);
    control = g_strconcat(state, ".control", NULL);
    atexit(clear_folder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    g_autofree char *text = fuzz_text(data, size);
    char *rest = strstr(text, "\n---\n");
    if (!folder)
        make_folder();
    if (rest)
        *rest = '\0';
    g_assert_true(g_file_set_contents_full(file, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_assert_true(g_file_set_contents_full(state, rest ? rest + 5 : "", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    Fake *fake = fake_open(file, state, &error);
    if (!fake) {
        fuzz_refused(error);
        return 0;
    }
    for (guint i = 0; i < fake_count(fake); i++)
        g_assert_true(fake_host_name(fake, i) && *fake_host_name(fake, i));
    fake_close(fake);
    return 0;
}
