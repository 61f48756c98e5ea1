/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The made-up estate of estate.h. */
#include "estate.h"

#include "base/clock.h"

NAMES_TABLE(ship_status_names, SHIP_STATUS);

/* clang-format off */
const Type country_type = { .one = "country", .many = "countries", .path = "countries", .size = sizeof(Country), .fields = (const Field[]) {
    TEXT(Country, name, ADD | FIND, "Its name."),
    { 0 } } };
const Type port_type = { .one = "port", .many = "ports", .path = "ports", .size = sizeof(Port), .fields = (const Field[]) {
    TEXT(Port, name, ADD | FIND, "Its name."),
    REF (Port, country, country_type, ADD | FIND, "Where it lies."),
    { 0 } } };
const Type motor_type = { .one = "motor", .many = "motors", .size = sizeof(Motor), .fields = (const Field[]) {
    INT (Motor, power, ADD | SET | FIND, "Watts."),
    TEXT(Motor, maker, ADD | SET | FIND, "Who built it | and where."),
    { 0 } } };
const Type ship_type = { .one = "ship", .many = "ships", .path = "ships", .size = sizeof(Ship), .help = "What floats.", .fields = (const Field[]) {
    TEXT (Ship, name,      ADD | SET | FIND | SHOW | NEED, "Its name."),
    TEXT (Ship, comment,   ADD | SET | FIND,  "For people."),
    TEXT (Ship, secret,    SECRET | FIND,     "Never told."),
    ENUM (Ship, status,    ship_status_names, LIVE | FIND | SHOW, "Where it is."),
    INT  (Ship, tonnage,   ADD | FIND,        "Bytes, so to say."),
    TIME (Ship, built,     ADD | FIND,        "When."),
    REAL (Ship, draught,   ADD | SET | FIND,  "Metres."),
    BOOL (Ship, insured,   ADD | SET | FIND,  "Is it?"),
    REF  (Ship, home_port, port_type, ADD | SET | FIND, "Where it belongs."),
    GROUP(Ship, motor,     motor_type, 0,     "What drives it."),
    WORDS(Ship, flags, "flag", ADD | SET | FIND, "What it flies."),
    COLLECT("entries", entry_type, NULL),
    EMPTY("passengers", "passengers"),
    { 0 } } };
const Type entry_type = { .one = "entry", .many = "entries", .path = "entries", .size = sizeof(Entry), .ids = ID_NUMBER, .fields = (const Field[]) {
    TEXT(Entry, description, FIND, "What."),
    INT (Entry, code, FIND, "Its number."),
    TIME(Entry, time, FIND, "When."),
    { 0 } } };
/* clang-format on */

static GPtrArray *countries, *ports, *ships, *entries;

static char **
port_and_country(const SearchWorld *world, gconstpointer object)
{
    const Ship *ship = object;
    const Port *port = world ? world->find(world->data, &port_type, &ship->home_port.id) : NULL;
    const Country *country = port ? world->find(world->data, &country_type, &port->country.id) : NULL;
    const char *both[] = { port ? port->name : NULL, country ? country->name : NULL, NULL };
    return g_strdupv((char **) both);
}

static char **
name_length(const SearchWorld *world, gconstpointer object)
{
    (void) world;
    char **one = g_new0(char *, 2);
    one[0] = g_strdup_printf("%ld", g_utf8_strlen(((const Ship *) object)->name, -1));
    return one;
}

const SearchWord ship_words[] = {
    { "country", "home_port>country>name", NULL, KIND_TEXT },
    { "horsepower", "motor.power", NULL, KIND_INT },
    { "where", NULL, port_and_country, KIND_TEXT },
    { "letters", NULL, name_length, KIND_INT },
    { 0 },
};

static gconstpointer
find(gpointer data, const Type *type, const Id *id)
{
    (void) data;
    GPtrArray *all = estate_all(type);
    for (guint i = 0; i < all->len; i++)
        if (id_equal(&((Object *) all->pdata[i])->id, id))
            return all->pdata[i];
    return NULL;
}

const SearchWorld estate_world = { find, NULL };

GPtrArray *
estate_all(const Type *type)
{
    return type == &ship_type ? ships : type == &port_type ? ports : type == &country_type ? countries : entries;
}

static gpointer
add(GPtrArray *array, const Type *type, guint8 number)
{
    Object *object = object_new(type);
    object->id = id_number(number);
    g_ptr_array_add(array, object);
    return object;
}

static void
add_ship(const Ship *like, const char *built, const char *flags)
{
    Ship *ship = add(ships, &ship_type, (guint8) (ships->len + 1));
    g_auto(GStrv) words = g_strsplit(flags, " ", -1);
    ship->name = g_strdup(like->name);
    ship->comment = g_strdup(like->comment);
    ship->secret = g_strdup("treasure");
    ship->status = like->status;
    ship->tonnage = like->tonnage;
    ship->draught = like->draught;
    ship->insured = like->insured;
    ship->home_port.id = like->home_port.id;
    ship->motor.power = like->motor.power;
    ship->motor.maker = g_strdup(like->motor.maker);
    if (*flags)
        words_set(&ship->flags, (const char *const *) words);
    if (*built)
        g_assert_true(clock_parse(built, &ship->built));
}

static void
add_ships(void)
{
    const Id kobe = id_number(1), lisbon = id_number(2), lost = id_number(99);
    const Ship all[] = {
        { .name = "Maru", .comment = "fast and small", .status = SHIP_AT_SEA, .tonnage = 2048, .draught = 2.5, .insured = TRUE, .home_port.id = kobe, .motor = { 500, "Hitachi" } },
        { .name = "maru two", .comment = "", .status = SHIP_IN_PORT, .tonnage = 1ll << 31, .draught = 7, .home_port.id = kobe },
        { .name = "Zarco", .comment = "says \"olá\"", .status = SHIP_AT_SEA, .tonnage = 900, .draught = 2.5, .insured = TRUE, .home_port.id = lisbon, .motor = { 90, "CUF" } },
        { .name = "and", .status = SHIP_LAID_UP, .tonnage = 900, .home_port.id = lost },
        { .name = "ＭＡＲＵ", .comment = "full width", .status = SHIP_LAID_UP, .tonnage = -5, .motor = { 0, "Hitachi" } },
        { .name = "Ångström", .comment = "50% C:\\x", .tonnage = 3, .home_port.id = lisbon },
    };
    static const char *const built[] = { "2024-05-01T10:20:30Z", "2024-05-01T23:59:59.999Z", "2024-05-02T00:00:00Z", "1999-12-31T00:00:00Z", "2024-05-01T10:20:30.500Z", "" };
    static const char *const flags[] = { "jp", "jp un", "pt", "", "", "pt un" };
    for (guint i = 0; i < G_N_ELEMENTS(all); i++)
        add_ship(&all[i], built[i], flags[i]);
}

void
estate_make(void)
{
    countries = g_ptr_array_new_with_free_func((GDestroyNotify) (gpointer) object_unref);
    ports = g_ptr_array_new_with_free_func((GDestroyNotify) (gpointer) object_unref);
    ships = g_ptr_array_new_with_free_func((GDestroyNotify) (gpointer) object_unref);
    entries = g_ptr_array_new_with_free_func((GDestroyNotify) (gpointer) object_unref);
    ((Country *) add(countries, &country_type, 1))->name = g_strdup("Japan");
    ((Country *) add(countries, &country_type, 2))->name = g_strdup("Portugal");
    for (guint8 i = 1; i <= 2; i++) {
        Port *port = add(ports, &port_type, i);
        port->name = g_strdup(i == 1 ? "Kobe" : "Lisboa");
        port->country.id = id_number(i);
    }
    add_ships();
    for (guint8 i = 1; i <= 3; i++) {
        Entry *entry = add(entries, &entry_type, i);
        entry->description = g_strdup_printf("Ship %u sailed", 4u - i);
        entry->code = i == 2 ? 1152 : 839;
        entry->time = i * CLOCK_SECOND;
    }
}

void
estate_free(void)
{
    g_ptr_array_unref(entries);
    g_ptr_array_unref(ships);
    g_ptr_array_unref(ports);
    g_ptr_array_unref(countries);
}
