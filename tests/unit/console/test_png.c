/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Pictures: what PPM may look like, and what is none. That the PNG is one is seen by tests/flow and by eye. */
#include "base/fault.h"
#include "console/png.h"

#include <string.h>

static GBytes *
made(const char *head, gsize pixels, GError **error)
{
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *) head, (guint) strlen(head));
    guint at = bytes->len;
    g_byte_array_set_size(bytes, at + (guint) pixels);
    if (pixels)
        memset(bytes->data + at, 0x55, pixels);
    g_autoptr(GBytes) ppm = g_byte_array_free_to_bytes(bytes);
    return png_of(ppm, error);
}

static void
test_pictures(void)
{
    static const struct { const char *head; gsize pixels; gboolean well; } cases[] = {
        { "P6\n2 3\n255\n", 18, TRUE }, { "P6 2 3 255 ", 18, TRUE }, { "P6\n# made by hand\n2 3\n# again\n255\n", 18, TRUE }, { "P6\n720 400\n255\n", 864000, TRUE },
        { "P6\n2 3\n255\n", 17, FALSE }, { "P5\n2 3\n255\n", 18, FALSE }, { "P6\n2 3\n65535\n", 36, FALSE }, { "P6\n0 3\n255\n", 18, FALSE },
        { "P6\n99999 99999\n255\n", 18, FALSE }, { "P6\n2\n", 0, FALSE }, { "P6", 0, FALSE }, { "", 0, FALSE }, { "P6\n2 3\n255", 0, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) png = made(cases[i].head, cases[i].pixels, &error);
        g_assert_true((png != NULL) == cases[i].well && (error == NULL) == cases[i].well);
        if (png)
            g_assert_cmpmem(g_bytes_get_data(png, NULL), 8, "\x89PNG\r\n\x1a\n", 8);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console/png/pictures", test_pictures);
    return g_test_run();
}
