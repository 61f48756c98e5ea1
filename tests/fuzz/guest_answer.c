/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a guest answers: lines "NAME TYPE VALUE" become libvirt's parameters (s text, u count, U bytes, i offset), and whatever they
 * say, the facts are few, short, printable and well-formed. */
#include "fuzz.h"

#include "host/guest_answer.h"

#include <string.h>

#define MOST_LINES 4096

static void
add_line(GuestAnswer *answer, int *room, char *line)
{
    char *type = strchr(line, ' '), *value = type ? strchr(type + 1, ' ') : NULL;
    if (!value || type == line || type - line >= VIR_TYPED_PARAM_FIELD_LENGTH)
        return;
    *type = *value = '\0';
    if (type[1] == 's')
        virTypedParamsAddString(&answer->items, &answer->count, room, line, value + 1);
    else if (type[1] == 'u')
        virTypedParamsAddUInt(&answer->items, &answer->count, room, line, (unsigned) g_ascii_strtoull(value + 1, NULL, 10));
    else if (type[1] == 'U')
        virTypedParamsAddULLong(&answer->items, &answer->count, room, line, g_ascii_strtoull(value + 1, NULL, 10));
    else
        virTypedParamsAddInt(&answer->items, &answer->count, room, line, (int) g_ascii_strtoll(value + 1, NULL, 10));
}

static void
check_text(const char *text)
{
    if (!text)
        return;
    g_assert_cmpuint(strlen(text), >, 0);
    g_assert_cmpuint(strlen(text), <, 256);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        g_assert_true(g_unichar_isprint(g_utf8_get_char(at)));
}

static void
check_facts(const GuestFacts *facts)
{
    const char *texts[] = { facts->fqdn, facts->os.architecture, facts->os.codename, facts->os.distribution, facts->os.version.full_version,
        facts->os.kernel.full_version, facts->zone.name, facts->zone.utc_offset };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        check_text(texts[i]);
    g_assert_cmpuint(facts->devices.count, <=, 32);
    g_assert_cmpuint(facts->sessions.count, <=, 64);
    g_assert_cmpuint(facts->file_systems.count, <=, 64);
    for (guint i = 0; i < facts->devices.count; i++) {
        const ReportedDevice *device = facts->devices.items[i];
        check_text(device->name);
        check_text(device->mac.address);
        g_assert_cmpuint(device->ips.count, <=, 16);
    }
    for (guint i = 0; i < facts->sessions.count; i++)
        check_text(((const Session *) facts->sessions.items[i])->name);
    for (guint i = 0; i < facts->file_systems.count; i++) {
        const FileSystem *system = facts->file_systems.items[i];
        check_text(system->name);
        check_text(system->type);
        g_assert_cmpint(system->used, <=, system->total);
        g_assert_cmpint(system->used, >=, 0);
        g_assert_cmpuint(system->disks.count, <=, 16);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Id id = id_number(1);
    g_autofree char *text = fuzz_text(data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", MOST_LINES);
    GuestAnswer answer = { NULL, 0 };
    GuestFacts *facts = g_new0(GuestFacts, 1);
    int room = 0;
    for (char **line = lines; *line; line++)
        add_line(&answer, &room, *line);
    guest_answer_name(&answer, &facts->fqdn);
    guest_answer_system(&answer, &facts->os);
    guest_answer_zone(&answer, &facts->zone);
    guest_answer_devices(&answer, &id, facts);
    guest_answer_sessions(&answer, &id, facts);
    guest_answer_file_systems(&answer, &id, facts);
    check_facts(facts);
    guest_facts_free(facts);
    virTypedParamsFree(answer.items, answer.count);
    return 0;
}
