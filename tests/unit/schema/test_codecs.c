/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * One small type with a row of every kind, through every codec: what is read is what is written, in both dialects, and
 * what is wrong is refused by the name of its field. */
#include "base/fault.h"
#include "schema/body.h"
#include "schema/read.h"
#include "schema/write.h"

#define COLOUR(N, E) N(E, RED, "red") N(E, DARK_BLUE, "dark_blue")
NAMES_ENUM(Colour, COLOUR, COLOUR);
extern const Names colour_names;
NAMES_TABLE(colour_names, COLOUR);

typedef struct { gint64 cores; gboolean hot; } Engine_;
typedef struct { char *name; gint64 age; } Wheel;
typedef struct { Object object; char *name; } Seat;
typedef struct { Ref seat; } SeatRef;
typedef struct {
    Object object;
    char *name, *secret;
    gboolean fast;
    gint64 weight, made, speed;
    double load;
    int colour;
    Ref owner;
    Engine_ engine;
    List wheels, seats, reserved;
    Words tags;
} Car;

static const Type engine_type = { .one = "engine", .many = "engines", .size = sizeof(Engine_), .fields = (const Field[]) {
    INT(Engine_, cores, ADD | SET, ""), BOOL(Engine_, hot, ADD | SET, ""), { 0 } } };
static const Type wheel_type = { .one = "wheel", .many = "wheels", .size = sizeof(Wheel), .fields = (const Field[]) {
    TEXT(Wheel, name, ADD | SET, ""), INT(Wheel, age, ADD | SET | OPT, ""), { 0 } } };
static const Type owner_type = { .one = "owner", .many = "owners", .path = "owners", .size = sizeof(Seat), .fields = (const Field[]) {
    TEXT(Seat, name, ADD | SET, ""), { 0 } } };
static const Type seat_type = { .one = "seat", .many = "seats", .path = "seats", .size = sizeof(Seat), .fields = (const Field[]) {
    TEXT(Seat, name, ADD | SET, ""), { 0 } } };
static const Type seat_ref_type = { .one = "seat", .many = "seats", .size = sizeof(SeatRef), .fields = (const Field[]) {
    REF(SeatRef, seat, seat_type, ADD | SET, ""), { 0 } } };
static const Type car_type = { .one = "car", .many = "cars", .path = "cars", .size = sizeof(Car), .fields = (const Field[]) {
    TEXT(Car, name, ADD | SET | NEED, ""),
    TEXT(Car, secret, SECRET, ""),
    BOOL(Car, fast, ADD | SET, ""),
    INT(Car, weight, ADD | SET, ""),
    TIME(Car, made, ADD, ""),
    INT(Car, speed, LIVE | OPT, ""),
    REAL(Car, load, ADD | SET, ""),
    ENUM(Car, colour, colour_names, ADD | SET, ""),
    REF(Car, owner, owner_type, ADD | SET, ""),
    GROUP(Car, engine, engine_type, 0, ""),
    LIST(Car, wheels, wheel_type, ADD | SET, ""),
    LIST(Car, reserved, seat_ref_type, ADD | SET, ""),
    WORDS(Car, tags, "tag", ADD | SET, ""),
    CHILDREN(Car, seats, seat_type, ADD, ""),
    EMPTY("spare_parts", "spareparts"),
    { 0 } } };

static const char full_xml[] =
    "<car id='11111111-2222-4333-8444-555555555555'><name>Ko &amp; 車</name><fast>1</fast><weight>-9007199254740993</weight>"
    "<made>2024-05-01T10:20:30.123+02:00</made><load>0.5</load><colour>dark_blue</colour><owner><name>Aki</name></owner>"
    "<engine><cores>4</cores></engine><wheels><wheel><name>a</name></wheel><wheel><name>b</name><age>2</age></wheel></wheels>"
    "<reserved><seat id='11111111-2222-4333-8444-000000000001'/></reserved><tags><tag>x</tag><tag>y z</tag></tags>"
    "<seats><seat><name>front</name></seat></seats><link href='/x' rel='y'/><unknown><deep/></unknown></car>";

static const char full_json[] =
    "{\"id\":\"11111111-2222-4333-8444-555555555555\",\"name\":\"Ko & \\u8eca\",\"fast\":true,\"weight\":\"-9007199254740993\","
    "\"made\":1714551630123,\"load\":0.5,\"colour\":\"dark_blue\",\"owner\":{\"name\":\"Aki\"},\"engine\":{\"cores\":4},"
    "\"wheels\":{\"wheel\":[{\"name\":\"a\"},{\"name\":\"b\",\"age\":2}]},\"reserved\":{\"seat\":[{\"id\":\"11111111-2222-4333-8444-000000000001\"}]},"
    "\"tags\":[\"x\",\"y z\"],\"seats\":{\"seat\":[{\"name\":\"front\"}]},\"unknown\":{\"deep\":[1,{}]}}";

static void
check_car(const Car *car)
{
    char id[ID_TEXT_SIZE];
    g_assert_cmpstr(id_format(&car->object.id, ID_UUID, id), ==, "11111111-2222-4333-8444-555555555555");
    g_assert_cmpstr(car->name, ==, "Ko & 車");
    g_assert_true(car->fast);
    g_assert_cmpint(car->weight, ==, -9007199254740993);
    g_assert_cmpint(car->made, ==, 1714551630123000);
    g_assert_cmpfloat(car->load, ==, 0.5);
    g_assert_cmpint(car->colour, ==, COLOUR_DARK_BLUE);
    g_assert_cmpint(car->engine.cores, ==, 4);
    g_assert_cmpint(car->wheels.count, ==, 2);
    g_assert_cmpint(((Wheel *) car->wheels.items[1])->age, ==, 2);
    g_assert_cmpint(car->reserved.count, ==, 1);
    g_assert_cmpint(((SeatRef *) car->reserved.items[0])->seat.id.bytes[15], ==, 1);
    g_assert_cmpint(car->tags.count, ==, 2);
    g_assert_cmpstr(car->tags.items[1], ==, "y z");
    g_assert_cmpstr(((Seat *) car->seats.items[0])->name, ==, "front");
}

static Draft *
read_car(const char *body, gboolean strict, GError **error)
{
    ReadOptions options = { .strict = strict };
    return *body == '<' ? read_xml(&car_type, body, strlen(body), options, error) : read_json(&car_type, body, strlen(body), options, error);
}

static void
test_read(void)
{
    const char *const bodies[] = { full_xml, full_json };
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Draft) draft = read_car(bodies[i], FALSE, &error);
        g_assert_no_error(error);
        const Car *car = draft_record(draft);
        check_car(car);
        g_assert_cmpstr(car->owner.name, ==, "Aki");
        g_assert_true(draft_has(draft, "engine.cores"));
        g_assert_false(draft_has(draft, "engine.hot"));
        g_assert_true(draft_has(draft, "seats"));
        g_assert_false(draft_has(draft, "spare_parts"));
    }
}

static char *
write_car(const Car *car, Format format)
{
    Text out = TEXT_EMPTY;
    Write write = { .out = &out, .format = format, .root = "/api" };
    write_object(&write, &car_type, car, "/cars/X");
    return text_take(&out);
}

/* Written, read again and written again is the same. */
static void
test_round(void)
{
    g_autoptr(Draft) draft = read_car(full_xml, FALSE, NULL);
    Car *car = draft_record(draft);
    g_clear_pointer(&car->owner.name, g_free);
    for (Format format = 0; format < N_FORMATS; format++) {
        g_autofree char *once = write_car(car, format);
        g_autoptr(GError) error = NULL;
        g_autoptr(Draft) again = read_car(once, FALSE, &error);
        g_assert_no_error(error);
        Car *second = draft_record(again);
        type_clear(&(const Type) { .fields = (const Field[]) { CHILDREN(Car, seats, seat_type, 0, ""), { 0 } } }, second);
        g_autofree char *twice = write_car(second, format);
        g_assert_cmpstr(once, ==, twice);
    }
}

static void
test_dialect(void)
{
    g_autoptr(Draft) draft = read_car("{\"name\":\"a\",\"weight\":7,\"tags\":[\"t\"]}", TRUE, NULL);
    g_autofree char *xml = write_car(draft_record(draft), FORMAT_XML), *json = write_car(draft_record(draft), FORMAT_JSON);
    g_assert_cmpstr(xml, ==, "<car href=\"/api/cars/X\" id=\"00000000-0000-0000-0000-000000000000\"><name>a</name><fast>false</fast>"
                             "<weight>7</weight><load>0</load><engine><cores>0</cores><hot>false</hot></engine><tags><tag>t</tag></tags>"
                             "<link href=\"/api/cars/X/seats\" rel=\"seats\"/><link href=\"/api/cars/X/spareparts\" rel=\"spareparts\"/></car>");
    g_assert_cmpstr(json, ==, "{\"href\":\"/api/cars/X\",\"id\":\"00000000-0000-0000-0000-000000000000\",\"name\":\"a\",\"fast\":\"false\","
                              "\"weight\":\"7\",\"load\":0,\"engine\":{\"cores\":\"0\",\"hot\":\"false\"},\"tags\":{\"tag\":[\"t\"]},"
                              "\"link\":[{\"href\":\"/api/cars/X/seats\",\"rel\":\"seats\"},{\"href\":\"/api/cars/X/spareparts\",\"rel\":\"spareparts\"}]}");
}

static void
test_body(void)
{
    g_autoptr(Draft) draft = read_car(full_xml, FALSE, NULL);
    Car *car = draft_record(draft);
    car->speed = 99;
    text_set(&car->secret, "s");
    g_auto(Text) body = TEXT_EMPTY, again = TEXT_EMPTY, kept = TEXT_EMPTY;
    body_write(&body, &car_type, car);
    Car *back = body_read(&car_type, &car->object.id, body.bytes, body.length, NULL);
    check_car(back);
    g_assert_cmpstr(back->secret, ==, "s");
    g_assert_cmpint(back->speed, ==, 0);
    body_write(&again, &car_type, back);
    g_assert_cmpmem(body.bytes, body.length, again.bytes, again.length);
    /* An older program that knows only the name keeps the rest. */
    const Type old = { .one = "car", .many = "cars", .path = "cars", .size = sizeof(Car), .fields = (const Field[]) { TEXT(Car, name, ADD, ""), { 0 } } };
    Car *older = body_read(&old, &car->object.id, body.bytes, body.length, NULL);
    body_write(&kept, &old, older);
    Car *newer = body_read(&car_type, &car->object.id, kept.bytes, kept.length, NULL);
    check_car(newer);
    for (gsize cut = 1; cut < body.length; cut++) {
        Car *broken = body_read(&car_type, &car->object.id, body.bytes, cut, NULL);
        object_unref(broken);
    }
    object_unref(back);
    object_unref(older);
    object_unref(newer);
}

static void
test_draft_body(void)
{
    g_autoptr(Draft) draft = read_car(full_json, FALSE, NULL);
    g_auto(Text) body = TEXT_EMPTY;
    body_write_draft(&body, draft);
    g_autoptr(GError) error = NULL;
    g_autoptr(Draft) back = body_read_draft(&car_type, body.bytes, body.length, &error);
    g_assert_no_error(error);
    check_car(draft_record(back));
    g_assert_true(draft_has(back, "engine.cores"));
    g_assert_false(draft_has(back, "engine.hot"));
}

static void
test_apply(void)
{
    g_autoptr(Draft) draft = read_car(full_xml, FALSE, NULL), needs = read_car("<car><fast>true</fast></car>", FALSE, NULL);
    g_autoptr(GError) error = NULL;
    Car *car = object_new(&car_type);
    car->engine.hot = TRUE;
    draft_apply(draft, car, SET);
    g_assert_cmpint(car->engine.cores, ==, 4);
    g_assert_true(car->engine.hot);
    g_assert_cmpint(car->made, ==, 0);
    g_assert_cmpint(car->seats.count, ==, 0);
    g_assert_false(draft_check_needed(needs, &error));
    g_assert_cmpstr(error->message, ==, "Car [name] required for add.");
    g_autoptr(GPtrArray) names = draft_differences(draft, car);
    g_assert_cmpint(names->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(names, 0), ==, "made");
    Car *copy = object_dup(car);
    g_assert_true(type_equal(&car_type, car, copy));
    object_unref(copy);
    object_unref(car);
}

/* Each body is refused, and the sentence holds the word. */
static void
test_refused(void)
{
    static const struct { const char *body, *word; } cases[] = {
        { "<car><name>a</name>", "XML" }, { "<van/>", "'van'" }, { "<car><weight>x</weight></car>", "'weight'" },
        { "<!DOCTYPE car [<!ENTITY a 'b'>]><car><name>&a;</name></car>", "DOCTYPE" }, { "<car><name>a</name><name>b</name></car>", "twice" },
        { "<car><colour>green</colour></car>", "red, dark_blue" }, { "<car><made>yesterday</made></car>", "'made'" },
        { "<car><owner id='x'/></car>", "'owner'" }, { "<car><name><b/></name></car>", "'name'" }, { "<car><fast>maybe</fast></car>", "true or false" },
        { "<car><weight>99999999999999999999</weight></car>", "'weight'" }, { "<car/><car/>", "XML" }, { "", "early" },
        { "{\"name\":\"a\"", "early" }, { "{\"name\":\"a\",\"name\":\"b\"}", "twice" }, { "{\"weight\":1.5}", "'weight'" },
        { "{\"name\":[]}", "'name'" }, { "{\"name\":\"\xff\"}", "UTF-8" }, { "{\"name\":\"\\ud800\"}", "escape" }, { "{\"name\":tru}", "value" },
        { "{\"a\":01}", "value" }, { "[]", "object" }, { "{} x", "the end" }, { "{\"engine\":4}", "object" }, { "{\"owner\":{\"id\":\"zz\"}}", "'owner'" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Draft) draft = read_car(cases[i].body, FALSE, &error);
        g_assert_null(draft);
        g_assert_cmpint(fault_http(fault_of(error)), ==, 400);
        if (!strstr(error->message, cases[i].word))
            g_error("%s\n  gave: %s", cases[i].body, error->message);
    }
    GString *deep = g_string_new("{\"x\":"), *tall = g_string_new("<car>");
    for (guint i = 0; i < 5000; i++) {
        g_string_append(deep, "[");
        g_string_append(tall, "<x>");
    }
    g_autofree char *json = g_string_free(deep, FALSE), *xml = g_string_free(tall, FALSE);
    g_autoptr(GError) error = NULL, other = NULL;
    g_assert_null(read_car(json, FALSE, &error));
    g_assert_nonnull(strstr(error->message, "deep"));
    g_assert_null(read_car(xml, FALSE, &other));
    g_assert_nonnull(strstr(other->message, "deep"));
}

static void
test_strict(void)
{
    const char *const bodies[] = { "<car><wings>2</wings></car>", "{\"wings\":2}" };
    for (guint i = 0; i < G_N_ELEMENTS(bodies); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Draft) lenient = read_car(bodies[i], FALSE, NULL), strict = read_car(bodies[i], TRUE, &error);
        g_assert_nonnull(lenient);
        g_assert_null(strict);
        g_assert_nonnull(strstr(error->message, "'wings'"));
    }
}

static void
test_links(void)
{
    for (Format format = 0; format < N_FORMATS; format++) {
        const char *const verbs[] = { "drive", NULL };
        const LinkTemplate *template = write_link_template(&car_type, format, "/api", verbs);
        g_assert_cmpint(template->n_holes, ==, 3);
        g_assert_nonnull(strstr(template->text, "spareparts"));
        g_assert_nonnull(strstr(template->text, "/drive"));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/codecs/read", test_read);
    g_test_add_func("/codecs/round", test_round);
    g_test_add_func("/codecs/dialect", test_dialect);
    g_test_add_func("/codecs/body", test_body);
    g_test_add_func("/codecs/draft_body", test_draft_body);
    g_test_add_func("/codecs/apply", test_apply);
    g_test_add_func("/codecs/refused", test_refused);
    g_test_add_func("/codecs/strict", test_strict);
    g_test_add_func("/codecs/links", test_links);
    return g_test_run();
}
