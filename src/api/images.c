/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a client may ask of an image, and the refusals; the small operations are done here. Everything waits for the disk and nobody for
 * anything: an exchange ends when the disk has answered. */
#include "api/images.h"

#include "api/image_parts.h"
#include "base/fault.h"
#include "transfer/range.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#define ROOT "/images/"
#define AGE "300"                       /* seconds a browser may remember what OPTIONS said */
#define PLAIN_NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
#define CLIENTS 8                       /* told to clients as the most readers, and writers */

typedef enum { PART_CONTENT, PART_EXTENTS, PART_OTHER } Part;

/* --- paths ----------------------------------------------------------------------------------------------------------------------- */

gboolean
images_has(const Exchange *exchange)
{
    return exchange->transfers && g_str_has_prefix(exchange->path, ROOT);
}

/* RET_TICKET: yours. */
static Part
find_part(const Exchange *exchange, char **ret_ticket)
{
    const char *ticket = exchange->path + strlen(ROOT), *slash = strchr(ticket, '/');
    *ret_ticket = slash ? g_strndup(ticket, (gsize) (slash - ticket)) : g_strdup(ticket);
    if (!slash)
        return PART_CONTENT;
    return g_str_equal(slash, "/extents") ? PART_EXTENTS : PART_OTHER;
}

/* --- refusals -------------------------------------------------------------------------------------------------------------------- */

gboolean
image_fail(int why, GError **error)
{
    if (why == ENOSPC || why == EDQUOT)
        return fault_set(error, MSG_TRANSFER_FULL, NULL);
    if (why == ESHUTDOWN)
        return fault_set(error, MSG_TRANSFER_HELD, NULL);
    return fault_set(error, MSG_TRANSFER_IO, "reason", g_strerror(why), NULL);
}

static gboolean
say_outside(Exchange *exchange, gint64 size, GError **error)
{
    g_autofree char *bytes = g_strdup_printf("%" G_GINT64_FORMAT, size), *range = g_strdup_printf("bytes */%s", bytes);
    exchange->status = 416;
    exchange_reply_header(exchange, "Content-Range", range);
    return fault_set(error, MSG_TRANSFER_OUTSIDE, "size", bytes, NULL);
}

static gboolean
say_methods(Exchange *exchange, const char *methods, GError **error)
{
    exchange_reply_header(exchange, "Allow", methods);
    return fault_set(error, MSG_TRANSFER_METHOD, "methods", methods, NULL);
}

static void
refuse(Exchange *exchange, const GError *error)
{
    if (fault_of(error) == FAULT_FORBIDDEN)
        exchange_reply_header(exchange, "Connection", "close");
    exchange_end_fault(exchange, error);
}

/* Pages of another origin are let in: what they need is a ticket, and they cannot guess one. */
static void
add_cors(Exchange *exchange)
{
    if (!exchange_header(exchange, "Origin"))
        return;
    exchange_reply_header(exchange, "Access-Control-Allow-Origin", "*");
    exchange_reply_header(exchange, "Access-Control-Allow-Headers", "Authorization, Cache-Control, Content-Range, Content-Type, If-Range, Pragma, Range");
    exchange_reply_header(exchange, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS, PATCH, PUT");
    exchange_reply_header(exchange, "Access-Control-Expose-Headers", "Content-Disposition, Content-Length, Content-Range, ETag");
    exchange_reply_header(exchange, "Access-Control-Max-Age", AGE);
}

/* --- uploads ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
check_upload(Exchange *exchange, const TransferSeat *seat, gint64 *ret_first, gint64 *ret_count, GError **error)
{
    const char *range = exchange_header(exchange, "Content-Range"), *length = exchange_header(exchange, "Content-Length");
    if (!seat->write)
        return fault_set(error, MSG_TRANSFER_READ_ONLY, NULL);
    if (!length)
        return fault_set(error, MSG_TRANSFER_NO_LENGTH, NULL);
    if (!range_read_content(range, ret_first))
        return fault_set(error, MSG_TRANSFER_RANGE, "header", "Content-Range", "value", range, NULL);
    *ret_count = g_ascii_strtoll(length, NULL, 10);
    return (*ret_first <= seat->size && *ret_count <= seat->size - *ret_first) || say_outside(exchange, seat->size, error);
}

gboolean
images_admit(Request *request, GError **error)
{
    Exchange *exchange = &request->exchange;
    TransferSeat seat = { 0 };
    gint64 first = 0, count = 0;
    g_autofree char *ticket = NULL;
    if (!images_has(exchange))
        return TRUE;
    exchange->plain = TRUE;
    if (find_part(exchange, &ticket) != PART_CONTENT || exchange->method != METHOD_PUT)
        return TRUE;
    add_cors(exchange);
    if (!transfers_enter(exchange->transfers, ticket, &seat, error)) {
        exchange_reply_header(exchange, "Connection", "close");
        return FALSE;
    }
    if (check_upload(exchange, &seat, &first, &count, error)) {
        image_upload_begin(request, &seat, first);
        return TRUE;
    }
    transfer_seat_leave(&seat);
    return FALSE;
}

/* --- downloads --------------------------------------------------------------------------------------------------------------------- */

/* What a browser saves it as: the disk's name, also where it is Japanese, with what the bytes are behind it. */
static void
name_file(Exchange *exchange, const TransferSeat *seat)
{
    const char *disk = seat->name && *seat->name ? seat->name : "disk", *kind = seat->own ? ".qcow2" : ".raw";
    g_autofree char *name = g_strconcat(disk, g_str_has_suffix(disk, kind) ? "" : kind, NULL), *plain = g_strdup(name);
    g_strdelimit(name, "/\\", '_');
    g_strcanon(plain, PLAIN_NAME, '_');
    g_autofree char *whole = g_uri_escape_string(name, NULL, FALSE);
    g_autofree char *disposition = g_str_equal(name, plain) ? g_strdup_printf("attachment; filename=%s", plain)
                                                            : g_strdup_printf("attachment; filename=%s; filename*=UTF-8''%s", plain, whole);
    exchange_reply_header(exchange, "Content-Disposition", disposition);
}

/* For as long as a download lasts nobody writes, so that a browser may go on where it was cut off. NULL: of what is being written there is none. Yours. */
static char *
version_of(const TransferSeat *seat)
{
    char transfer[ID_TEXT_SIZE];
    return seat->write ? NULL : g_strdup_printf("\"%s\"", id_format(&seat->transfer, ID_UUID, transfer));
}

/* Who has the beginning of something else gets all of it. */
static const char *
wanted_range(const Exchange *exchange, const char *version)
{
    const char *condition = exchange_header(exchange, "If-Range");
    return condition && g_strcmp0(condition, version) != 0 ? NULL : exchange_header(exchange, "Range");
}

static void
tell_content(Exchange *exchange, const TransferSeat *seat, const char *version)
{
    name_file(exchange, seat);
    exchange_reply_header(exchange, "Accept-Ranges", "bytes");
    if (version)
        exchange_reply_header(exchange, "ETag", version);
    exchange->media = "application/octet-stream";
}

static gboolean
get(Request *request, TransferSeat *seat, GError **error)
{
    Exchange *exchange = &request->exchange;
    gint64 first = 0, count = 0;
    g_autofree char *version = version_of(seat);
    const char *range = wanted_range(exchange, version);
    RangeKind kind = range_read(range, seat->size, &first, &count);
    if (kind == RANGE_BAD)
        return fault_set(error, MSG_TRANSFER_RANGE, "header", "Range", "value", range, NULL);
    if (kind == RANGE_OUTSIDE)
        return say_outside(exchange, seat->size, error);
    if (kind == RANGE_PART) {
        g_autofree char *told = g_strdup_printf("bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, first, first + count - 1, seat->size);
        exchange->status = 206;
        exchange_reply_header(exchange, "Content-Range", told);
    }
    tell_content(exchange, seat, version);
    image_download_begin(request, seat, first, count);
    return TRUE;
}

/* --- zero and flush ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    Exchange *exchange;
    TransferSeat seat;
    gboolean flush;
} Order;

static void
order_done(gpointer data, int why)
{
    Order *order = data;
    g_autoptr(GError) error = NULL;
    if (why == 0 && order->flush) {
        order->flush = FALSE;
        wire_flush(order->seat.wire, order_done, order);
        return;
    }
    Exchange *exchange = order->exchange;
    transfer_seat_leave(&order->seat);
    g_free(order);
    if (why == 0) {
        exchange_end(exchange);
        return;
    }
    image_fail(why, &error);
    exchange_end_fault(exchange, error);
}

static gboolean
say_order(const char *lead, GError **error)
{
    return fault_set(error, MSG_TRANSFER_ORDER, "lead", lead, NULL);
}

static gboolean
take_number(struct json_object *root, const char *name, gint64 *ret)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(root, name, &value) || !json_object_is_type(value, json_type_int))
        return FALSE;
    *ret = json_object_get_int64(value);
    return TRUE;
}

static gboolean
take_flag(struct json_object *root, const char *name, gboolean *ret)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(root, name, &value))
        return TRUE;
    *ret = json_object_get_boolean(value);
    return json_object_is_type(value, json_type_boolean);
}

static gboolean
zero(Exchange *exchange, struct json_object *root, Order *order, GError **error)
{
    gint64 offset = 0, size = 0;
    if (!take_number(root, "size", &size) || size < 0)
        return say_order("size is a number of bytes", error);
    if (json_object_object_get(root, "offset") && (!take_number(root, "offset", &offset) || offset < 0))
        return say_order("offset is a number of bytes", error);
    if (!take_flag(root, "flush", &order->flush))
        return say_order("flush is true or false", error);
    if (offset > order->seat.size || size > order->seat.size - offset)
        return say_outside(exchange, order->seat.size, error);
    if (size > 0)
        wire_zero(order->seat.wire, size, offset, order_done, order);
    else
        order_done(order, 0);
    return TRUE;
}

/* FALSE: nothing was begun. */
static gboolean
obey(Exchange *exchange, struct json_object *root, Order *order, GError **error)
{
    struct json_object *word = NULL;
    const char *op = json_object_object_get_ex(root, "op", &word) && json_object_is_type(word, json_type_string) ? json_object_get_string(word) : "";
    if (g_str_equal(op, "zero"))
        return zero(exchange, root, order, error);
    if (!g_str_equal(op, "flush"))
        return say_order("op is zero or flush", error);
    wire_flush(order->seat.wire, order_done, order);
    return TRUE;
}

static gboolean
patch(Request *request, TransferSeat *seat, GError **error)
{
    Exchange *exchange = &request->exchange;
    if (!seat->write)
        return fault_set(error, MSG_TRANSFER_READ_ONLY, NULL);
    struct json_object *root = exchange->body ? json_tokener_parse(exchange->body) : NULL;
    if (!json_object_is_type(root, json_type_object)) {
        json_object_put(root);
        return say_order("it is a JSON object", error);
    }
    Order *order = g_new0(Order, 1);
    *order = (Order) { exchange, *seat, FALSE };
    gboolean begun = obey(exchange, root, order, error);
    json_object_put(root);
    if (!begun)
        g_free(order);              /* the seat is the caller's again */
    return begun;
}

/* --- options --------------------------------------------------------------------------------------------------------------------------- */

static void
tell_options(Exchange *exchange, gboolean write)
{
    exchange_reply_header(exchange, "Allow", write ? "OPTIONS,GET,PUT,PATCH" : "OPTIONS,GET");
    exchange->media = "application/json";
    text_printf(exchange->reply, "{\"features\": [%s], \"max_readers\": %d, \"max_writers\": %d}", write ? "\"extents\", \"zero\", \"flush\"" : "\"extents\"",
                CLIENTS, CLIENTS);
    exchange_end(exchange);
}

static gboolean
options(Exchange *exchange, const char *ticket, GError **error)
{
    TransferSeat seat;
    gboolean write = TRUE;
    if (!g_str_equal(ticket, "*")) {
        if (!transfers_enter(exchange->transfers, ticket, &seat, error))
            return FALSE;
        write = seat.write;
        transfer_seat_leave(&seat);
    }
    tell_options(exchange, write);
    return TRUE;
}

/* --- the whole ---------------------------------------------------------------------------------------------------------------------------- */

/* FALSE: the seat is still the caller's. */
static gboolean
serve_seated(Request *request, Part part, TransferSeat *seat, GError **error)
{
    Exchange *exchange = &request->exchange;
    gboolean reads = exchange->method == METHOD_GET || exchange->method == METHOD_HEAD;
    if (part == PART_EXTENTS) {
        const char *context = exchange_parameter(exchange, "context");
        if (exchange->method != METHOD_GET)
            return say_methods(exchange, "GET", error);
        if (context && *context && !g_str_equal(context, "zero"))
            return fault_set(error, MSG_TRANSFER_CONTEXT, "context", context, NULL);
        image_extents_begin(request, seat);
        return TRUE;
    }
    if (reads)
        return get(request, seat, error);
    if (exchange->method == METHOD_PATCH)
        return patch(request, seat, error);
    return say_methods(exchange, seat->write ? "OPTIONS,GET,PUT,PATCH" : "OPTIONS,GET", error);
}

static gboolean
serve(Request *request, GError **error)
{
    Exchange *exchange = &request->exchange;
    TransferSeat seat = { 0 };
    g_autofree char *ticket = NULL;
    Part part = find_part(exchange, &ticket);
    if (part == PART_OTHER)
        return fault_set(error, MSG_TRANSFER_PATH, NULL);
    if (exchange->method == METHOD_OPTIONS)
        return options(exchange, ticket, error);
    if (!transfers_enter(exchange->transfers, ticket, &seat, error))
        return FALSE;
    if (serve_seated(request, part, &seat, error))
        return TRUE;
    transfer_seat_leave(&seat);
    return FALSE;
}

void
images_serve(Request *request)
{
    Exchange *exchange = &request->exchange;
    g_autoptr(GError) error = NULL;
    exchange_reply_header(exchange, "Cache-Control", "no-store");
    exchange_reply_header(exchange, "X-Content-Type-Options", "nosniff");
    if (exchange_flag(exchange, "close", FALSE))
        exchange_reply_header(exchange, "Connection", "close");
    if (request->take) {
        image_upload_end(request, exchange_flag(exchange, "flush", TRUE));
        return;
    }
    add_cors(exchange);
    if (!serve(request, &error))
        refuse(exchange, error);
}
