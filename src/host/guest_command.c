/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * JSON of QEMU's agent, both ways. Numbers are believed as far as such numbers go; output is decoded, cut and encoded anew, so that
 * what is passed on is base64 of at most GUEST_RUN_MOST bytes whatever came. */
#include "host/guest_command.h"

#include "base/text.h"

#include <json-c/json.h>
#include <string.h>

#define MOST_DEPTH 4            /* {"return":{…}} has two */

/* --- asking ---------------------------------------------------------------------------------------------------------------------- */

static void
add_input(Text *out, GBytes *input)
{
    gsize length;
    const guchar *bytes = g_bytes_get_data(input, &length);
    g_autofree char *encoded = g_base64_encode(bytes, length);
    text_add_literal(out, ",\"input-data\":");
    text_add_json(out, encoded);
}

char *
guest_command_begin(const GuestCommand *command)
{
    g_auto(Text) out = TEXT_EMPTY;
    text_add_literal(&out, "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":");
    text_add_json(&out, command->path);
    text_add_literal(&out, ",\"arg\":[");
    for (const char *const *argument = command->arguments; argument && *argument; argument++) {
        if (argument != command->arguments)
            text_add_literal(&out, ",");
        text_add_json(&out, *argument);
    }
    text_add_literal(&out, "]");
    if (command->input)
        add_input(&out, command->input);
    text_add_literal(&out, ",\"capture-output\":true}}");
    return text_take(&out);
}

char *
guest_command_ask(gint64 pid)
{
    return g_strdup_printf("{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":%" G_GINT64_FORMAT "}}", pid);
}

/* --- understanding ---------------------------------------------------------------------------------------------------------------- */

/* The answer, parsed; NULL if it is none. Yours to json_object_put. */
static struct json_object *
parse(const char *answer)
{
    gsize length = answer ? strnlen(answer, GUEST_COMMAND_ANSWER + 1) : 0;
    if (length == 0 || length > GUEST_COMMAND_ANSWER)
        return NULL;
    struct json_tokener *tokener = json_tokener_new_ex(MOST_DEPTH);
    struct json_object *object = json_tokener_parse_ex(tokener, answer, (int) length + 1);
    gboolean whole = json_tokener_get_error(tokener) == json_tokener_success;
    json_tokener_free(tokener);
    if (whole)
        return object;
    json_object_put(object);
    return NULL;
}

static struct json_object *
member(struct json_object *object, const char *name, enum json_type type)
{
    struct json_object *value = NULL;
    if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &value))
        return NULL;
    return json_object_is_type(value, type) ? value : NULL;
}

static gboolean
number_of(struct json_object *object, const char *name, gint64 *ret_number)
{
    struct json_object *value = member(object, name, json_type_int);
    gint64 number = value ? json_object_get_int64(value) : -1;
    if (!value || number < 0 || number > G_MAXUINT32)
        return FALSE;
    *ret_number = number;
    return TRUE;
}

static gboolean
is_true(struct json_object *object, const char *name)
{
    struct json_object *value = member(object, name, json_type_boolean);
    return value && json_object_get_boolean(value);
}

gboolean
guest_command_begun(const char *answer, gint64 *ret_pid)
{
    struct json_object *object = parse(answer);
    gboolean well = number_of(member(object, "return", json_type_object), "pid", ret_pid);
    json_object_put(object);
    return well;
}

/* As much as is passed on, in base64; *RET_CUT: there was more. NULL: nothing. Yours. */
static char *
output_of(struct json_object *object, const char *name, gboolean *ret_cut)
{
    gsize length = 0;
    struct json_object *value = member(object, name, json_type_string);
    if (!value)
        return NULL;
    g_autofree guchar *bytes = g_base64_decode(json_object_get_string(value), &length);
    *ret_cut |= length > GUEST_RUN_MOST;
    return length > 0 ? g_base64_encode(bytes, MIN(length, GUEST_RUN_MOST)) : NULL;
}

static void
take_end(struct json_object *object, GuestRun *run)
{
    gboolean exited = number_of(object, "exitcode", &run->exit_code), signalled = !exited && number_of(object, "signal", &run->signal);
    run->state = exited ? GUEST_RUN_EXITED : signalled ? GUEST_RUN_SIGNALLED : GUEST_RUN_UNKNOWN;
    run->out_truncated = is_true(object, "out-truncated");
    run->err_truncated = is_true(object, "err-truncated");
    run->out_data = output_of(object, "out-data", &run->out_truncated);
    run->err_data = output_of(object, "err-data", &run->err_truncated);
}

void
guest_command_read(const char *answer, GuestRun *run)
{
    struct json_object *object = parse(answer), *said = member(object, "return", json_type_object);
    gint64 pid = run->pid;
    guest_run_clear(run);
    run->pid = pid;
    run->state = member(said, "exited", json_type_boolean) ? GUEST_RUN_RUNNING : GUEST_RUN_UNKNOWN;
    if (is_true(said, "exited"))
        take_end(said, run);
    json_object_put(object);
}

gboolean
guest_command_frozen(const char *answer, gboolean *ret_frozen)
{
    struct json_object *object = parse(answer), *said = member(object, "return", json_type_string);
    const char *word = said ? json_object_get_string(said) : "";
    gboolean frozen = g_str_equal(word, "frozen"), thawed = g_str_equal(word, "thawed");
    json_object_put(object);
    if (frozen || thawed)
        *ret_frozen = frozen;
    return frozen || thawed;
}
