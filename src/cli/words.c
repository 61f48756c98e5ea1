/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From words on a command line to paths and JSON bodies, by the manager's own description of its types. */
#include "cli/words.h"

#include "base/id.h"

struct json_object *
words_fetch(Client *client, GError **error)
{
    return client_json(client, "GET", "/describe", NULL, error);
}

const char *
words_string(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    if (object && json_object_object_get_ex(object, key, &value) && value)
        return json_object_get_string(value);
    return "";
}

/* "disk-attachments", "disk_attachments", "DiskAttachments" and "diskattachments" are one word. */
static char *
plain(const char *word)
{
    GString *out = g_string_new(NULL);
    for (; *word; word++) {
        if (*word != '_' && *word != '-')
            g_string_append_c(out, g_ascii_tolower(*word));
    }
    return g_string_free(out, FALSE);
}

static gboolean
same_word(const char *a, const char *b)
{
    g_autofree char *left = plain(a), *right = plain(b);
    return g_str_equal(left, right);
}

static struct json_object *
find_type(struct json_object *types, const char *word, const char *const *keys)
{
    gsize count = types ? json_object_array_length(types) : 0;
    for (gsize i = 0; i < count; i++) {
        struct json_object *type = json_object_array_get_idx(types, i);
        for (guint k = 0; keys[k]; k++)
            if (same_word(word, words_string(type, keys[k])))
                return type;
    }
    return NULL;
}

/* By its own names first: "nics" are a VM's, though a host's stand behind a path of that name too. */
struct json_object *
words_type(struct json_object *description, const char *word, GError **error)
{
    static const char *const names[] = { "one", "many", NULL }, *const paths[] = { "path", NULL };
    struct json_object *types = NULL;
    json_object_object_get_ex(description, "types", &types);
    struct json_object *type = find_type(types, word, names);
    if (!type)
        type = find_type(types, word, paths);
    if (!type)
        fault_set(error, MSG_CLI_UNKNOWN_TYPE, "type", word, NULL);
    return type;
}

static gboolean
names_parent(struct json_object *type, char *const *pairs)
{
    g_autofree char *start = g_strconcat(words_string(type, "parent"), "=", NULL);
    for (; *words_string(type, "parent") && *pairs; pairs++) {
        if (g_str_has_prefix(*pairs, start))
            return TRUE;
    }
    return FALSE;
}

struct json_object *
words_type_of(struct json_object *description, const char *word, char *const *pairs, GError **error)
{
    static const char *const keys[] = { "one", "many", "path", NULL };
    struct json_object *types = NULL;
    g_autofree char *many = g_strconcat(word, "s", NULL);
    json_object_object_get_ex(description, "types", &types);
    for (gsize i = 0; types && i < json_object_array_length(types); i++) {
        struct json_object *type = json_object_array_get_idx(types, i);
        for (guint k = 0; keys[k] && names_parent(type, pairs); k++)
            if (same_word(word, words_string(type, keys[k])) || same_word(many, words_string(type, keys[k])))
                return type;
    }
    return words_type(description, word, error);
}

struct json_object *
words_row(struct json_object *holder, const char *name)
{
    struct json_object *fields = NULL;
    json_object_object_get_ex(holder, "fields", &fields);
    gsize count = fields ? json_object_array_length(fields) : 0;
    for (gsize i = 0; i < count; i++) {
        struct json_object *row = json_object_array_get_idx(fields, i);
        if (g_str_equal(words_string(row, "name"), name))
            return row;
    }
    return NULL;
}

struct json_object *
words_of(struct json_object *description, struct json_object *row)
{
    const char *of = words_string(row, "of");
    return *of ? words_type(description, of, NULL) : NULL;
}

/* A reference is walked into: what is sent with a new disk attachment is its disk. */
struct json_object *
words_field(struct json_object *description, struct json_object *type, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, ".", -1);
    struct json_object *at = type, *row = NULL;
    for (char **part = parts; *part; part++) {
        row = words_row(at, *part);
        if (!row)
            return NULL;
        struct json_object *of = words_of(description, row);
        at = of ? of : row;
    }
    return row;
}

static gboolean
array_has(struct json_object *object, const char *key, const char *word)
{
    struct json_object *array = NULL;
    json_object_object_get_ex(object, key, &array);
    gsize count = array ? json_object_array_length(array) : 0;
    for (gsize i = 0; i < count; i++) {
        if (g_str_equal(json_object_get_string(json_object_array_get_idx(array, i)), word))
            return TRUE;
    }
    return FALSE;
}

gboolean
words_field_has(struct json_object *field, const char *flag)
{
    return array_has(field, "flags", flag);
}

gboolean
words_verb(struct json_object *type, const char *verb)
{
    return array_has(type, "verbs", verb);
}

static struct json_object *
find_flag(struct json_object *rows, const char *verb, const char *on, const char *name)
{
    for (gsize i = 0; rows && i < json_object_array_length(rows); i++) {
        struct json_object *row = json_object_array_get_idx(rows, i), *flags = NULL;
        const char *of = words_string(row, "on");
        gboolean fits = g_str_equal(words_string(row, "verb"), verb) && (!*of || g_str_equal(of, on));
        json_object_object_get_ex(row, "flags", &flags);
        for (gsize k = 0; fits && flags && k < json_object_array_length(flags); k++) {
            struct json_object *flag = json_object_array_get_idx(flags, k);
            if (g_str_equal(words_string(flag, "name"), name))
                return flag;
        }
    }
    return NULL;
}

struct json_object *
words_flag(struct json_object *description, struct json_object *type, const char *verb, const char *name)
{
    struct json_object *commands = NULL, *reads = NULL;
    json_object_object_get_ex(description, "commands", &commands);
    json_object_object_get_ex(description, "reads", &reads);
    struct json_object *flag = find_flag(commands, verb, words_string(type, "one"), name);
    return flag ? flag : find_flag(reads, verb, words_string(type, "one"), name);
}

/* Searches take names, so one object of thousands is found without fetching all. */
const char *
words_name_search(struct json_object *type)
{
    static const char *const words[] = { "name", "alias" };
    struct json_object *offers = NULL;
    json_object_object_get_ex(type, "search", &offers);
    gsize count = offers && !*words_string(type, "parent") ? json_object_array_length(offers) : 0;
    for (gsize w = 0; w < G_N_ELEMENTS(words); w++) {
        for (gsize i = 0; i < count; i++) {
            if (g_str_equal(words_string(json_object_array_get_idx(offers, i), "word"), words[w]))
                return words[w];
        }
    }
    return NULL;
}

/* 0: it is no unit. */
static guint64
bytes_in(const char *unit)
{
    static const char letters[] = "kmgt";
    const char *letter = *unit ? strchr(letters, g_ascii_tolower(*unit)) : NULL;
    if (!letter || !*letter || (unit[1] && g_ascii_strcasecmp(unit + 1, "iB") != 0))
        return 0;
    return 1ull << (10 * (letter - letters + 1));
}

/* "2GiB" → "2147483648", or "2048" where UNIT is MiB; NULL for what is no whole number of those. Yours. */
static char *
plain_number(const char *value, const char *unit)
{
    char *end = NULL;
    double number = g_ascii_strtod(value, &end);
    guint64 given = end != value ? bytes_in(end) : 0, of = MAX(bytes_in(unit), 1);
    if (given && number >= 0 && number < 1e9) {
        guint64 bytes = (guint64) (number * (double) given);
        return bytes % of ? NULL : g_strdup_printf("%" G_GUINT64_FORMAT, bytes / of);
    }
    return end != value && !*end && !strpbrk(value, ".eEnNxX") ? g_strdup(value) : NULL;
}

static struct json_object *
reference(const char *value)
{
    Id id;
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, id_parse(value, ID_UUID, &id) ? "id" : "name", json_object_new_string(value));
    return object;
}

static struct json_object *
list_of_words(const char *item, const char *value)
{
    struct json_object *object = json_object_new_object(), *array = json_object_new_array();
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    for (char **part = parts; *part; part++) {
        if (**part)
            json_object_array_add(array, json_object_new_string(*part));
    }
    json_object_object_add(object, item, array);
    return object;
}

/* A group cannot be given as one word, nor a list of things with more to them than a name. NULL with a sentence. */
static struct json_object *
refuse_parts(struct json_object *type, struct json_object *field, const char *path, GError **error)
{
    struct json_object *fields = NULL;
    g_autoptr(GString) parts = g_string_new(NULL);
    json_object_object_get_ex(field, "fields", &fields);
    for (gsize i = 0; fields && i < json_object_array_length(fields); i++)
        g_string_append_printf(parts, "%s%s.%s", i ? ", " : "", path, words_string(json_object_array_get_idx(fields, i), "name"));
    fault_set(error, MSG_CLI_HAS_PARTS, "type", words_string(type, "one"), "field", path, "parts", parts->str, NULL);
    return NULL;
}

/* "data,fast" → {"storage_domain": [{"name": "data"}, {"name": "fast"}]} */
static struct json_object *
list_of_references(const char *item, const char *value)
{
    struct json_object *object = json_object_new_object(), *array = json_object_new_array();
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    for (char **part = parts; *part; part++) {
        if (**part)
            json_object_array_add(array, reference(*part));
    }
    json_object_object_add(object, item, array);
    return object;
}

/* The one field of a group or list that has no other: what is in a CD-ROM drive is its file, and said as file=debian.iso. */
static struct json_object *
only_field(struct json_object *field)
{
    struct json_object *fields = NULL;
    gboolean has = json_object_object_get_ex(field, "fields", &fields) && json_object_array_length(fields) == 1;
    return has ? json_object_array_get_idx(fields, 0) : NULL;
}

static struct json_object *value_of(struct json_object *type, struct json_object *field, const char *path, const char *value, GError **error);

static struct json_object *
value_in(struct json_object *type, struct json_object *only, const char *path, const char *value, GError **error)
{
    struct json_object *inner = value_of(type, only, path, value, error), *object = inner ? json_object_new_object() : NULL;
    if (object)
        json_object_object_add(object, words_string(only, "name"), inner);
    return object;
}

/* What has a name and a value is said as it is: custom_properties=hugepages=2048. Empty: none. */
static struct json_object *
list_of_properties(const char *item, const char *value)
{
    struct json_object *object = json_object_new_object(), *array = json_object_new_array();
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    for (guint i = 0; words[i] && *words[i]; i++) {
        g_auto(GStrv) halves = g_strsplit(words[i], "=", 2);
        struct json_object *one = json_object_new_object();
        json_object_object_add(one, "name", json_object_new_string(halves[0]));
        json_object_object_add(one, "value", json_object_new_string(halves[1] ? halves[1] : ""));
        json_object_array_add(array, one);
    }
    json_object_object_add(object, item, array);
    return object;
}

/* What has one number is said by that: cpu.cores=0,1. Empty: none. */
static struct json_object *
list_of_numbers(const char *item, const char *name, const char *value)
{
    struct json_object *object = json_object_new_object(), *array = json_object_new_array();
    g_auto(GStrv) words = g_strsplit(value, ",", -1);
    for (guint i = 0; words[i] && *words[i]; i++) {
        struct json_object *one = json_object_new_object();
        json_object_object_add(one, name, json_object_new_string(words[i]));
        json_object_array_add(array, one);
    }
    json_object_object_add(object, item, array);
    return object;
}

/* NULL with a sentence. */
static struct json_object *
value_of(struct json_object *type, struct json_object *field, const char *path, const char *value, GError **error)
{
    const char *kind = words_string(field, "kind");
    gboolean is_list = g_str_equal(kind, "list");
    struct json_object *only = only_field(field);
    if (is_list && only && g_str_equal(words_string(only, "kind"), "ref"))
        return list_of_references(words_string(field, "item"), value);
    if (is_list && only && g_str_equal(words_string(only, "kind"), "int"))
        return list_of_numbers(words_string(field, "item"), words_string(only, "name"), value);
    if (is_list && words_row(field, "name") && words_row(field, "value"))
        return list_of_properties(words_string(field, "item"), value);
    if (only && !is_list)
        return value_in(type, only, path, value, error);
    if (is_list || g_str_equal(kind, "group"))
        return refuse_parts(type, field, path, error);
    if (g_str_equal(kind, "ref"))
        return reference(value);
    if (g_str_equal(kind, "words"))
        return list_of_words(words_string(field, "item"), value);
    if (g_str_equal(kind, "int")) {
        const char *unit = words_string(field, "unit");
        g_autofree char *number = plain_number(value, unit);
        if (!number)
            fault_set(error, *unit ? MSG_CLI_BAD_SIZE : MSG_CLI_BAD_NUMBER, "value", value, "field", path, "unit", unit, NULL);
        return number ? json_object_new_string(number) : NULL;
    }
    return json_object_new_string(value);
}

/* The object in which the last part of PATH lies, made on the way. */
static struct json_object *
make_way(struct json_object *body, char **parts)
{
    for (; parts[1]; parts++) {
        struct json_object *next = NULL;
        if (!json_object_object_get_ex(body, parts[0], &next)) {
            next = json_object_new_object();
            json_object_object_add(body, parts[0], next);
        }
        body = next;
    }
    return body;
}

char *
words_body(struct json_object *description, struct json_object *type, char **pairs, GError **error)
{
    struct json_object *body = json_object_new_object();
    gboolean well = TRUE;
    for (char **pair = pairs; *pair && well; pair++) {
        char *equals = strchr(*pair, '=');
        g_autofree char *path = g_strndup(*pair, (gsize) (equals - *pair));
        struct json_object *field = words_field(description, type, path);
        well = field || g_str_equal(path, "id") || fault_set(error, MSG_CLI_UNKNOWN_FIELD, "type", words_string(type, "one"), "field", path, NULL);
        if (well) {
            g_auto(GStrv) parts = g_strsplit(path, ".", -1);
            struct json_object *value = field ? value_of(type, field, path, equals + 1, error) : json_object_new_string(equals + 1);
            well = value != NULL;
            if (well)
                json_object_object_add(make_way(body, parts), parts[g_strv_length(parts) - 1], value);
        }
    }
    char *text = well ? g_strdup(json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN)) : NULL;
    json_object_put(body);
    return text;
}
