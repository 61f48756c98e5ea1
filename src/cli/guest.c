/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Verbs whose words are no fields. A password is never one of them: it is asked for at the terminal, or read from the standard input. A
 * command's output goes where its own would, byte by byte, and its exit code becomes ours. */
#include "cli/guest.h"

#include "cli/console.h"
#include "cli/console_log.h"
#include "cli/words.h"
#include "cli/xml.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MOST_INPUT (256 * 1024)
#define SIGNALLED 128               /* as a shell tells it */

static const char *const verbs[] = { "freeze", "thaw", "setpassword", "exec", "xml", "log", NULL };

gboolean
guest_has(const char *verb)
{
    return g_strv_contains(verbs, verb);
}

static gboolean
is_shown(const Request *request)
{
    return request->json || request->xml;
}

/* What the manager answered to VERB of the VM, or an empty object where that has been shown as it came; NULL with the reason. Yours. */
static struct json_object *
ask(Client *client, const Request *request, const char *verb, struct json_object *take_body, GError **error)
{
    g_autofree char *vm = console_find_vm(client, request->type, error);
    g_autofree char *path = vm ? g_strdup_printf("/vms/%s/%s%s", vm, verb, request->plan ? "?plan=1" : "") : NULL;
    const char *body = json_object_to_json_string_ext(take_body, JSON_C_TO_STRING_PLAIN);
    struct json_object *reply = NULL;
    if (path && is_shown(request))
        reply = client_show(client, "POST", path, body, error) ? json_object_new_object() : NULL;
    else if (path)
        reply = client_json(client, "POST", path, body, error);
    json_object_put(take_body);
    return reply;
}

static void
set(struct json_object *body, const char *name, const char *value)
{
    if (value)
        json_object_object_add(body, name, json_object_new_string(value));
}

static gboolean
say(const Request *request, struct json_object *take_reply)
{
    if (!take_reply)
        return FALSE;
    if (!is_shown(request) && request->plan)
        fputs(words_string(take_reply, "plan"), stdout);
    else if (!is_shown(request))
        printf("vm %s: %s\n", request->type, words_string(take_reply, "status"));
    json_object_put(take_reply);
    return TRUE;
}

/* --- freeze, thaw ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
freeze(Client *client, const Request *request, GError **error)
{
    struct json_object *body = json_object_new_object();
    set(body, "timeout", request->name);
    return say(request, ask(client, request, "freezefilesystems", body, error));
}

static gboolean
thaw(Client *client, const Request *request, GError **error)
{
    if (request->name)
        return fault_set(error, MSG_CLI_STRAY_WORD, "word", request->name, "verb", "thaw", "type", "vm", NULL);
    return say(request, ask(client, request, "thawfilesystems", json_object_new_object(), error));
}

/* --- setpassword --------------------------------------------------------------------------------------------------------------------------- */

/* One line of the standard input, which at a terminal is not shown. NULL: there is none. Yours. */
static char *
read_password(const char *user)
{
    struct termios before, silent;
    gboolean terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    char line[2048];
    if (terminal) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t) ECHO;
        fprintf(stderr, "%s: ", user);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    char *read = fgets(line, sizeof(line), stdin);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    char *password = read ? g_strndup(line, strcspn(line, "\r\n")) : NULL;
    explicit_bzero(line, sizeof(line));
    return password;
}

static gboolean
set_password(Client *client, const Request *request, GError **error)
{
    if (!request->name || request->pairs[0])
        return fault_set(error, MSG_CLI_PASSWORD_WORDS, NULL);
    char *password = request->plan ? g_strdup("planned") : read_password(request->name);
    struct json_object *body = json_object_new_object();
    set(body, "user_name", request->name);
    set(body, "password", password ? password : "");
    if (password)
        explicit_bzero(password, strlen(password));
    g_free(password);
    return say(request, ask(client, request, "setpassword", body, error));
}

/* --- exec ------------------------------------------------------------------------------------------------------------------------------------ */

static gboolean
add_input(struct json_object *body, GError **error)
{
    g_autofree guchar *bytes = g_malloc(MOST_INPUT + 1);
    gsize length = fread(bytes, 1, MOST_INPUT + 1, stdin);
    if (length > MOST_INPUT)
        return fault_set(error, MSG_CLI_INPUT_TOO_LONG, NULL);
    g_autofree char *encoded = g_base64_encode(bytes, length);
    set(body, "input_data", encoded);
    return TRUE;
}

static void
pass_on(struct json_object *run, const char *name, FILE *to)
{
    gsize length = 0;
    g_autofree guchar *bytes = g_base64_decode(words_string(run, name), &length);
    fwrite(bytes, 1, length, to);
    fflush(to);
}

static void
tell_cut(Language language)
{
    g_autoptr(Message) message = message_new(MSG_CLI_OUTPUT_CUT, NULL);
    g_autofree char *text = message_text(message, language);
    fprintf(stderr, "shikiri: %s\n", text);
}

static gboolean
tell_end(struct json_object *run, Language language, int *ret_status, GError **error)
{
    const char *state = words_string(run, "state");
    pass_on(run, "out_data", stdout);
    pass_on(run, "err_data", stderr);
    if (g_str_equal(words_string(run, "out_truncated"), "true") || g_str_equal(words_string(run, "err_truncated"), "true"))
        tell_cut(language);
    if (g_str_equal(state, "exited"))
        *ret_status = (int) (g_ascii_strtoll(words_string(run, "exit_code"), NULL, 10) & 0xff);
    else if (g_str_equal(state, "signalled"))
        *ret_status = SIGNALLED + (int) (g_ascii_strtoll(words_string(run, "signal"), NULL, 10) & 0x7f);
    else
        return fault_set(error, g_str_equal(state, "running") ? MSG_CLI_RUNS_ON : MSG_CLI_FELL_SILENT, "pid", words_string(run, "pid"), NULL);
    return TRUE;
}

/* The name is the first word behind the VM, the pairs are the others, whatever is in them. */
static gboolean
add_command(struct json_object *body, const Request *request, GError **error)
{
    struct json_object *words = json_object_new_object(), *list = json_object_new_array();
    set(body, "command", request->pairs[0]);
    for (char **word = request->pairs; word[0] && word[1]; word++)
        json_object_array_add(list, json_object_new_string(word[1]));
    json_object_object_add(words, "argument", list);
    json_object_object_add(body, "arguments", words);
    set(body, "timeout", request->timeout);
    return !request->input || add_input(body, error);
}

static gboolean
exec(Client *client, const Request *request, int *ret_status, GError **error)
{
    struct json_object *body = json_object_new_object(), *run = NULL;
    if (!request->pairs[0] || !add_command(body, request, error)) {
        json_object_put(body);
        return *error ? FALSE : fault_set(error, MSG_CLI_EXEC_WORDS, NULL);
    }
    struct json_object *reply = ask(client, request, "exec", body, error);
    if (!reply || request->plan || is_shown(request) || !json_object_object_get_ex(reply, "guest_run", &run))
        return say(request, reply);
    gboolean well = tell_end(run, client_language(client), ret_status, error);
    json_object_put(reply);
    return well;
}

gboolean
guest_run(Client *client, const Request *request, int *ret_status, GError **error)
{
    *ret_status = 0;
    if (!request->type)
        return fault_set(error, MSG_CLI_NEEDS_NAME, "verb", request->verb, "type", "vm", NULL);
    if (g_str_equal(request->verb, "freeze"))
        return freeze(client, request, error);
    if (g_str_equal(request->verb, "thaw"))
        return thaw(client, request, error);
    if (g_str_equal(request->verb, "setpassword"))
        return set_password(client, request, error);
    if (g_str_equal(request->verb, "xml"))
        return xml_run(client, request, error);
    if (g_str_equal(request->verb, "log"))
        return console_log_run(client, request, error);
    return exec(client, request, ret_status, error);
}
