/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Notes of storage domains, which come from anybody's disk: with a right checksum above them, so that what is behind it is reached. What is read is
 * sound, can be written as a note again, and reads as the same. */
#include "fuzz.h"

#include "catalogue/note.h"

#include <string.h>

static char *
sealed(const char *rest)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, rest, -1);
    return g_strconcat("# sha256 ", sum, "\n", rest, NULL);
}

static void
check_vm(const Id *id, NoteVm *note)
{
    GError *error = NULL;
    g_auto(NoteVm) again = { NULL, NULL, NULL, NULL, FALSE };
    g_autoptr(View) view = view_empty();
    g_assert_true(note->vm && note->vm->name && g_utf8_validate(note->vm->name, -1, NULL));
    g_assert_cmpuint(note->disks->len, <=, note->vm->disk_attachments.count);
    g_autofree char *text = note_write_vm(view, note->vm, note->xml, note->variables);
    if (strlen(text) > NOTE_MOST)
        return;
    g_assert_true(note_read_vm(text, id, &again, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(again.vm->name, ==, note->vm->name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GError *error = NULL;
    Id id;
    g_assert_true(id_parse("a0000000-0000-4000-8000-000000000001", ID_UUID, &id));
    g_auto(NoteVm) note = { NULL, NULL, NULL, NULL, FALSE };
    g_autofree char *rest = fuzz_text(data, size), *text = sealed(rest);
    if (note_read_vm(text, &id, &note, &error))
        check_vm(&id, &note);
    else
        fuzz_refused(g_steal_pointer(&error));
    Disk *disk = note_read_disk(text, &id, &error);
    if (!disk)
        fuzz_refused(g_steal_pointer(&error));
    object_unref(disk);
    return 0;
}
