/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * OpenAPI: a path item for every collection, object and action the tables know, a schema for every type. What is not built stands
 * in no table and so not here. Made once; tables do not change while we run. */
#include "api/openapi.h"

#include "job/command.h"
#include "model/inventory.h"
#include "schema/write.h"

/* --- JSON, opened and closed by hand ------------------------------------------------------------------------------------------ */

static void
key(Text *out, const char *name)
{
    char last = out->bytes[out->length - 1];
    if (last != '{' && last != '[')
        text_add_literal(out, ",\n");
    text_add_json(out, name);
    text_add_literal(out, ":");
}

static void
pair(Text *out, const char *name, const char *value)
{
    key(out, name);
    text_add_json(out, value);
}

static void
open_object(Text *out, const char *name)
{
    key(out, name);
    text_add_literal(out, "{");
}

static void
close_object(Text *out)
{
    text_add_literal(out, "}");
}

/* The member NAME is the schema or the response WHERE has under WORD. */
static void
refer(Text *out, const char *name, const char *where, const char *word)
{
    g_autofree char *path = g_strconcat("#/components/", where, "/", word, NULL);
    open_object(out, name);
    pair(out, "$ref", path);
    close_object(out);
}

/* --- schemas ------------------------------------------------------------------------------------------------------------------- */

/* The last type that is called ONE. */
static const Type *
find_last(const char *one)
{
    const Type *last = inventory_type_of_name(one);
    for (const Type *const *type = inventory_types; *type; type++) {
        for (const Field *row = (*type)->fields; row->name; row++) {
            if (row->kind == KIND_CHILDREN && g_str_equal(((const Type *) row->of)->one, one))
                last = row->of;
        }
    }
    return last;
}

/* A word that two types share (a host has devices, and a VM) is the one's that has verbs; the other is called after its owner, too. */
static const char *
schema_name(const Type *type)
{
    if (!type->parent || find_last(type->one) == type)
        return type->one;
    g_autofree char *name = g_strconcat(type->parent->one, "_", type->one, NULL);
    return g_intern_string(name);
}

static gboolean
is_told(const Field *row)
{
    return !(row->flags & SECRET) || row->flags & (ADD | SET);
}

static void add_properties(Text *out, const Type *type);

static void
add_enum(Text *out, const Names *names)
{
    pair(out, "type", "string");
    key(out, "enum");
    text_add_literal(out, "[");
    for (guint i = 1; i < names->count; i++) {
        text_add(out, i > 1 ? "," : "");
        text_add_json(out, names->names[i]);
    }
    text_add_literal(out, "]");
}

/* {"WORD":[…]}: lists are objects with one member, named for what is in them. */
static void
add_array(Text *out, const char *word, const Type *of)
{
    pair(out, "type", "object");
    open_object(out, "properties");
    open_object(out, word);
    pair(out, "type", "array");
    open_object(out, "items");
    pair(out, "type", of ? "object" : "string");
    if (of)
        add_properties(out, of);
    close_object(out);
    close_object(out);
    close_object(out);
}

static void
add_shape(Text *out, const Field *row)
{
    static const char *const patterns[] = { [KIND_BOOL] = "^(true|false)$", [KIND_INT] = "^-?[0-9]+$" };
    switch (row->kind) {
    case KIND_ENUM:
        add_enum(out, row->of);
        break;
    case KIND_GROUP:
        pair(out, "type", "object");
        add_properties(out, row->of);
        break;
    case KIND_LIST:
        add_array(out, ((const Type *) row->of)->one, row->of);
        break;
    case KIND_WORDS:
        add_array(out, row->of, NULL);
        break;
    case KIND_TIME:
        pair(out, "type", "integer");
        pair(out, "format", "int64");
        break;
    case KIND_REAL:
        pair(out, "type", "number");
        break;
    case KIND_BOOL:
    case KIND_INT:
        pair(out, "type", "string");
        pair(out, "pattern", patterns[row->kind]);
        break;
    case KIND_TEXT:
    case KIND_REF:
    case KIND_CHILDREN:
    case KIND_COLLECT:
        pair(out, "type", "string");
        break;
    }
}

static void
add_property(Text *out, const Field *row)
{
    if (row->kind == KIND_REF) {
        refer(out, row->name, "schemas", "reference");
        return;
    }
    open_object(out, row->name);
    add_shape(out, row);
    if (row->help)
        pair(out, "description", row->help);
    if (!(row->flags & (ADD | SET)) && row->kind != KIND_GROUP) {
        key(out, "readOnly");
        text_add_literal(out, "true");
    }
    if (row->flags & SECRET) {
        key(out, "writeOnly");
        text_add_literal(out, "true");
    }
    close_object(out);
}

static void
add_properties(Text *out, const Type *type)
{
    open_object(out, "properties");
    if (type->path) {
        open_object(out, "id");
        pair(out, "type", "string");
        close_object(out);
    }
    for (const Field *row = type->fields; row->name; row++) {
        if (is_told(row) && row->kind != KIND_CHILDREN && row->kind != KIND_COLLECT)
            add_property(out, row);
    }
    close_object(out);
}

static void
add_schema(Text *out, const char *name, const Type *type)
{
    open_object(out, name);
    pair(out, "type", "object");
    if (type->help)
        pair(out, "description", type->help);
    add_properties(out, type);
    close_object(out);
}

/* --- paths --------------------------------------------------------------------------------------------------------------------- */

static void
add_parameter(Text *out, const char *name, const char *in, const char *help)
{
    text_add(out, out->bytes[out->length - 1] == '[' ? "" : ",");
    text_add_literal(out, "{");
    pair(out, "name", name);
    pair(out, "in", in);
    pair(out, "description", help);
    if (g_str_equal(in, "path")) {
        key(out, "required");
        text_add_literal(out, "true");
    }
    open_object(out, "schema");
    pair(out, "type", "string");
    close_object(out);
    text_add_literal(out, "}");
}

static void
add_path_parameters(Text *out, guint count)
{
    key(out, "parameters");
    text_add_literal(out, "[");
    if (count > 1)
        add_parameter(out, "parent", "path", "The id of what it belongs to.");
    if (count)
        add_parameter(out, "id", "path", "The object's id.");
    text_add_literal(out, "]");
}

/* Lists have MEMBER; it is NULL for one object. */
static void
add_content(Text *out, const char *schema, const char *member)
{
    open_object(out, "content");
    open_object(out, "application/json");
    if (!member) {
        refer(out, "schema", "schemas", schema);
    } else {
        open_object(out, "schema");
        pair(out, "type", "object");
        open_object(out, "properties");
        open_object(out, member);
        pair(out, "type", "array");
        refer(out, "items", "schemas", schema);
        close_object(out);
        close_object(out);
        close_object(out);
    }
    close_object(out);
    close_object(out);
}

typedef struct {
    const char *method, *verb, *summary, *well;     /* WELL: the status of success */
    const Type *on;
    const char *body;               /* schema of the request, or NULL */
    const char *reply;              /* schema of the answer, or NULL */
    gboolean list;
    const CommandFlag *numbers;     /* in its query; NULL: none */
} Operation;

static void
add_responses(Text *out, const Operation *operation)
{
    open_object(out, "responses");
    open_object(out, operation->well);
    pair(out, "description", "Done.");
    if (operation->reply)
        add_content(out, operation->reply, operation->list ? operation->on->one : NULL);
    close_object(out);
    if (!g_str_equal(operation->method, "get"))
        refer(out, "202", "responses", "begun");
    refer(out, "default", "responses", "fault");
    close_object(out);
}

static void
add_operation(Text *out, const Operation *operation)
{
    g_autofree char *id = g_strconcat(schema_name(operation->on), ".", operation->verb, NULL);
    open_object(out, operation->method);
    pair(out, "operationId", id);
    pair(out, "summary", operation->summary);
    key(out, "tags");
    text_add_literal(out, "[");
    text_add_json(out, operation->on->one);
    text_add_literal(out, "]");
    if (operation->list) {
        key(out, "parameters");
        text_add_literal(out, "[");
        add_parameter(out, "search", "query", "Only what matches: word=value and word=value sortby word.");
        add_parameter(out, "max", "query", "At most so many.");
        add_parameter(out, "follow", "query", "Names of collections and references to be shown in place.");
        text_add_literal(out, "]");
    }
    if (operation->numbers) {
        key(out, "parameters");
        text_add_literal(out, "[");
        for (const CommandFlag *number = operation->numbers; number->name; number++)
            add_parameter(out, number->name, "query", number->help);
        text_add_literal(out, "]");
    }
    if (operation->body) {
        open_object(out, "requestBody");
        add_content(out, operation->body, NULL);
        close_object(out);
    }
    add_responses(out, operation);
    close_object(out);
}

/* The schema of what an action answers beside its status. Yours. */
static char *
answer_name(const Command *command)
{
    g_autofree char *name = command_name(command);
    return g_strconcat(name, ".answer", NULL);
}

static void
add_verb(Text *out, const char *method, const char *verb, const Type *on, const char *well)
{
    const Command *command = command_find(verb, on);
    if (!command)
        return;
    g_autofree char *params = command->params ? command_name(command) : NULL;
    const char *body = !command->params ? NULL : command->params == on || command->params->path ? schema_name(on) : params;
    g_autofree char *answer = command->answer ? answer_name(command) : NULL;
    const char *reply = g_str_equal(verb, "add") || g_str_equal(verb, "update") ? schema_name(on) : command->reads ? command->answer->one : answer;
    add_operation(out, &(Operation) { method, verb, command->help ? command->help : verb, well, on, body, reply, FALSE, command->numbers });
}

static void
add_action(Text *out, const char *one, const Command *command, guint parameters)
{
    g_autofree char *action = g_strconcat(one, "/", command->verb, NULL);
    open_object(out, action);
    add_path_parameters(out, parameters);
    add_verb(out, command->reads ? "get" : "post", command->verb, command->on, "200");
    close_object(out);
}

/* PATH: "/vms" or "/vms/{parent}/nics"; PARAMETERS: how many {…} are in it. */
static void
add_collection(Text *out, const char *path, const Type *type, guint parameters)
{
    g_autofree char *one = g_strconcat(path, "/{id}", NULL), *list = g_strconcat("The ", type->many, ".", NULL);
    g_autofree char *show = g_strconcat("One ", type->one, ".", NULL);
    open_object(out, path);
    if (parameters) {
        key(out, "parameters");
        text_add_literal(out, "[");
        add_parameter(out, "parent", "path", "The id of what it belongs to.");
        text_add_literal(out, "]");
    }
    add_operation(out, &(Operation) { "get", "list", list, "200", type, NULL, schema_name(type), TRUE });
    add_verb(out, "post", "add", type, "201");
    close_object(out);
    open_object(out, one);
    add_path_parameters(out, parameters + 1);
    add_operation(out, &(Operation) { "get", "show", show, "200", type, NULL, schema_name(type), FALSE });
    add_verb(out, "put", "update", type, "200");
    add_verb(out, "delete", "remove", type, "200");
    close_object(out);
    const char *const *verbs = command_verbs(type);
    for (guint i = 0; verbs && verbs[i]; i++)
        add_action(out, one, command_find(verbs[i], type), parameters + 1);
    for (const Command *const *row = command_registry; *row; row++) {
        if ((*row)->reads && (*row)->on == type)
            add_action(out, one, *row, parameters + 1);
    }
}

/* A type's own collection, or those of what it owns. Each type once: permits belong to roles and to levels. */
static void
each_type(void (*add)(Text *out, const Type *type, const Type *owner), Text *out)
{
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    for (const Type *const *type = inventory_types; *type; type++) {
        add(out, *type, NULL);
        for (const Field *row = (*type)->fields; row->name; row++) {
            if (row->kind == KIND_CHILDREN && !(row->flags & SECRET) && g_hash_table_add(told, (gpointer) row->of))
                add(out, row->of, *type);
        }
    }
}

static void
add_paths(Text *out, const Type *type, const Type *owner)
{
    g_autofree char *path = owner ? g_strconcat("/", owner->path, "/{parent}/", type->path, NULL) : g_strconcat("/", type->path, NULL);
    add_collection(out, path, type, owner ? 1 : 0);
}

static void
add_type_schema(Text *out, const Type *type, G_GNUC_UNUSED const Type *owner)
{
    add_schema(out, schema_name(type), type);
}

/* --- the document ---------------------------------------------------------------------------------------------------------------- */

static void
add_fixed_schemas(Text *out)
{
    text_add_literal(out, "\"reference\":{\"type\":\"object\",\"description\":\"Another object: send id or name.\",\"properties\":{"
                          "\"id\":{\"type\":\"string\"},\"name\":{\"type\":\"string\"},\"href\":{\"type\":\"string\",\"readOnly\":true}}},\n"
                          "\"fault\":{\"type\":\"object\",\"properties\":{\"reason\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"},"
                          "\"code\":{\"type\":\"string\"},\"hint\":{\"type\":\"string\"}}}");
}

static void
add_answer(Text *out, const Command *command)
{
    g_autofree char *name = answer_name(command);
    add_schema(out, command->answer->one, command->answer);
    if (command->reads)
        return;                         /* the answer is the whole reply */
    open_object(out, name);
    pair(out, "type", "object");
    open_object(out, "properties");
    open_object(out, "status");
    pair(out, "type", "string");
    close_object(out);
    refer(out, command->answer->one, "schemas", command->answer->one);
    close_object(out);
    close_object(out);
}

static void
add_components(Text *out)
{
    open_object(out, "components");
    open_object(out, "schemas");
    add_fixed_schemas(out);
    each_type(add_type_schema, out);
    for (const Command *const *row = command_registry; *row; row++) {
        g_autofree char *name = command_name(*row);
        if ((*row)->params && (*row)->params != (*row)->on && !(*row)->params->path)
            add_schema(out, name, (*row)->params);
        if ((*row)->answer)
            add_answer(out, *row);
    }
    close_object(out);
    open_object(out, "responses");
    open_object(out, "fault");
    pair(out, "description", "Refused or failed: why, in the language of Accept-Language.");
    add_content(out, "fault", FALSE);
    close_object(out);
    open_object(out, "begun");
    pair(out, "description", "Begun; its job goes on.");
    close_object(out);
    close_object(out);
    text_add_literal(out, ",\n\"securitySchemes\":{\"password\":{\"type\":\"http\",\"scheme\":\"basic\"},\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}");
    close_object(out);
}

void
openapi_write(Text *out)
{
    text_add_literal(out, "{");
    pair(out, "openapi", "3.0.3");
    open_object(out, "info");
    pair(out, "title", "Shikiri");
    pair(out, "version", SHIKIRI_VERSION);
    pair(out, "description", "oVirt's REST API v4, as far as this program has it.");
    close_object(out);
    text_add_literal(out, ",\n\"servers\":[{\"url\":\"/ovirt-engine/api\"}],\n\"security\":[{\"password\":[]},{\"token\":[]}]");
    open_object(out, "paths");
    each_type(add_paths, out);
    close_object(out);
    add_components(out);
    close_object(out);
    text_add_literal(out, "\n");
}

void
openapi_get(Exchange *exchange)
{
    exchange->media = "application/json";
    openapi_write(exchange->reply);
    exchange_end(exchange);
}
