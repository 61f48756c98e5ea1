/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Faults as bodies. The sentence is told in the reader's language; words that oVirt's clients look for stand in it in any
 * language. Sets no status: that is the exchange's. Called by api/exchange.c. */
#include "api/fault.h"

#include "api/limits.h"

static const char *const matched[] = {
#define MATCHED(words) words,
#include "base/catalogue/matched.def"
#undef MATCHED
};

/* The sentence, and behind it the words clients match that the translation lacks. Yours. */
static char *
sentence(const Message *message, Language language)
{
    char *told = message_text(message, language);
    if (language == LANGUAGE_EN)
        return told;
    g_autofree char *english = message_text(message, LANGUAGE_EN);
    for (guint i = 0; i < G_N_ELEMENTS(matched); i++) {
        if (!strstr(english, matched[i]) || strstr(told, matched[i]))
            continue;
        char *with = g_strconcat(told, " (", matched[i], ")", NULL);
        g_free(told);
        told = with;
    }
    return told;
}

static void
add_xml(Text *out, const char *name, const char *value)
{
    text_printf(out, "<%s>", name);
    text_add_xml(out, value);
    text_printf(out, "</%s>", name);
}

static void
add_json(Text *out, const char *name, const char *value)
{
    text_printf(out, "%s\"%s\":", out->bytes[out->length - 1] == '{' ? "" : ",", name);
    text_add_json(out, value);
}

void
fault_write(Text *out, Format format, Language language, const GError *error, gboolean in_action)
{
    const Message *message = fault_message(error);
    g_autofree char *text = sentence(message, language), *hint = message_hint(message, language);
    g_autofree char *detail = g_strconcat("[", text, "]", NULL);
    void (*add)(Text *, const char *, const char *) = format == FORMAT_JSON ? add_json : add_xml;
    if (format == FORMAT_JSON)
        text_add(out, in_action ? "{\"fault\":{" : "{");
    else
        text_add(out, in_action ? "<action><fault>" : "<fault>");
    add(out, "reason", fault_reason(fault_of(error)));
    add(out, "detail", detail);
    add(out, "code", message_code_name(message_code(message)));
    if (hint)
        add(out, "hint", hint);
    if (format == FORMAT_JSON)
        text_add(out, in_action ? "},\"status\":\"failed\"}" : "}");
    else
        text_add(out, in_action ? "</fault><status>failed</status></action>" : "</fault>");
}

/* The HTTP library refuses what is not HTTP, or too much of it, before anybody of ours sees it: with a page of its own, which no
 * client of ours can read. Its STATUS is kept. */
void
fault_write_refusal(int status, char *ret_text, gsize room)
{
    g_autoptr(GError) error = NULL;
    g_auto(Text) body = TEXT_EMPTY;
    status = status >= 400 && status < 600 ? status : 400;
    if (status == 431 || status == 413)
        fault_set(&error, MSG_API_TOO_MANY_HEADERS, "most", G_STRINGIFY(LIMIT_HEADERS), "size", "30", NULL);
    else if (status == 414)
        fault_set(&error, MSG_API_PATH_TOO_LONG, "most", G_STRINGIFY(LIMIT_TARGET), NULL);
    else
        fault_set(&error, MSG_API_NOT_HTTP, NULL);
    fault_write(&body, FORMAT_XML, LANGUAGE_EN, error, FALSE);
    g_snprintf(ret_text, room, "HTTP/1.1 %d Refused\r\nContent-Type: application/xml;charset=UTF-8\r\nContent-Length: %" G_GSIZE_FORMAT
               "\r\nConnection: close\r\n\r\n%.*s", status, body.length, (int) body.length, body.bytes);
}
