/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What a resource is: a C struct and a table with a row a field. From the table come XML and JSON both ways, the stored
 * body, search words, sort keys, CLI columns, docs, copy, free, compare. Nothing here knows any particular resource. */
#pragma once

#include "base/id.h"
#include "base/refs.h"

#include <glib.h>

/* What a member of a struct is. Closed: 12 kinds; a new one needs a decision record. */
typedef enum {
    KIND_TEXT,          /* char *, owned; NULL is absent */
    KIND_BOOL,          /* gboolean */
    KIND_INT,           /* gint64 */
    KIND_REAL,          /* double */
    KIND_TIME,          /* gint64 Wall; 0 is absent */
    KIND_ENUM,          /* int, index into Names; 0 is absent ("") */
    KIND_REF,           /* Ref: another object, by id (or, in a draft, by name); null id and NULL name is absent */
    KIND_GROUP,         /* a struct in the struct */
    KIND_LIST,          /* List of structs, written inline: <tags><tag/></tags> */
    KIND_WORDS,         /* Words: <devices><device>hd</device></devices> */
    KIND_CHILDREN,      /* List of Objects owned by this one, a sub-collection with its own path: /vms/{id}/nics */
    KIND_COLLECT,       /* no member: the objects of another type whose REF `by` names this one; empty where `of` is NULL */
} Kind;

/* Who owns a field. At most 12 flags. */
typedef enum {
    ADD    = 1 << 0,    /* read in POST */
    SET    = 1 << 1,    /* read in PUT */
    LIVE   = 1 << 2,    /* a host reported it: never stored, never read */
    SECRET = 1 << 3,    /* stored, never shown to anybody */
    FIND   = 1 << 4,    /* a search word and sort key */
    SHOW   = 1 << 5,    /* a default column of a list */
    OPT    = 1 << 6,    /* zero, FALSE or an all-zero group is absent: not written */
    ALL    = 1 << 7,    /* written only with all_content */
    NEED   = 1 << 8,    /* POST without it is INCOMPLETE */
    INLINE = 1 << 9,    /* a REF written with its name too, and with the null id where an object has it; a LIST or CHILDREN written in place even when not followed */
} FieldFlags;

typedef struct Type Type;

typedef struct {
    const char *const *names;       /* [0] is "" (absent) */
    guint count;
} Names;

typedef struct {
    const char *name;               /* element name, "memory_policy" */
    Kind kind;
    guint flags;
    guint offset;                   /* in the struct; unused by COLLECT */
    const void *of;                 /* GROUP, LIST, CHILDREN, COLLECT, REF: const Type *; ENUM: const Names *; WORDS: item name, const char * */
    const char *by;                 /* COLLECT: element name of the other type's REF back to this ("cluster"); INT: the unit of a size ("MiB") that is not in
                                     * bytes; REF: the GROUP row (SECRET) that takes what is sent inside it beside id and name; else NULL */
    const char *help;               /* one sentence for docs and UI; COLLECT: NULL or the path segment if not the type's */
} Field;

/* Every row of a collection. A Type whose struct begins with Object has `collection` set; GROUP and LIST types do not. */
struct Type {
    const char *one;                /* element of one: "disk_attachment" */
    const char *many;               /* element of a list: "disk_attachments" */
    const char *path;               /* segment in a path: "diskattachments"; NULL for GROUP and LIST types */
    gsize size;
    const Field *fields;            /* ends with a row whose name is NULL; at most 128 */
    IdStyle ids;
    const Type *parent;             /* the owner's type for KIND_CHILDREN types, else NULL */
    const char *help;
};

typedef struct {
    Id id;
    char *name;                     /* only in drafts: the name sent instead of an id. NULL in published objects */
} Ref;

typedef struct {
    gpointer *items;                /* pointers to structs of the row's type, owned */
    guint count;
} List;

typedef struct {
    char **items;                   /* owned strings */
    guint count;
} Words;

/* The head of every struct that stands in a collection. Once published an object never changes: to change it, copy it. */
typedef struct {
    const Type *type;
    Id id;
    guint64 version;                /* given by the writer at each change, unique in this process's life */
    Refs refs;                      /* children share their owner's life and leave this alone */
    char *rest;                     /* stored keys this program does not know, kept for newer ones; mostly NULL */
} Object;

/* The number of a row in its table, for bit sets. */
#define TYPE_MOST_FIELDS 128

gpointer object_new(const Type *type);                  /* refs 1, null id, defaults all zero */
gpointer object_ref(gconstpointer object);
void object_unref(gconstpointer object);                /* frees what the table says is owned; NULL is fine */
gpointer object_dup(gconstpointer object);              /* deep, mutable copy: same id, refs 1 */

/* The same for the structs of GROUP and LIST types and for members: table-driven. */
void type_clear(const Type *type, gpointer record);
void type_copy(const Type *type, gpointer to, gconstpointer from);      /* TO holds nothing owned before */
gboolean type_equal(const Type *type, gconstpointer a, gconstpointer b);
void field_copy(const Field *field, gpointer to, gconstpointer from);    /* TO's member holds nothing owned before */
void field_assign(const Field *field, gpointer to, gconstpointer from);  /* frees what TO's member held */
gboolean field_equal(const Field *field, gconstpointer record_a, gconstpointer record_b);
gboolean field_is_absent(const Field *field, gconstpointer record);
const Field *type_find(const Type *type, const char *name);             /* NULL if it has no such row */
guint type_index(const Type *type, const Field *field);
/* A dotted path such as "cpu.topology.cores"; RET gets the struct the field lies in. NULL if there is none. */
const Field *type_walk(const Type *type, gconstpointer record, const char *path, gconstpointer *ret_record);

gpointer list_add(List *list, gpointer take);                           /* returns TAKE */
gpointer list_find(const List *list, const Id *id);                     /* for lists of Objects; NULL */
gboolean list_remove(List *list, const Type *type, const Id *id);       /* for lists of Objects */
void words_add(Words *words, const char *word);
void words_set(Words *words, const char *const *items);                 /* NULL-terminated */

/* Assigns an owned string member. */
void text_set(char **member, const char *value);

const char *names_get(const Names *names, int value);                   /* "" for 0, "?" out of range */
int names_find(const Names *names, const char *word);                   /* any case; 0 if unknown or empty */

/* Closed lists of names: an X-macro list makes the enum and its Names.
 *   #define VM_STATUS(N, E) N(E, DOWN, "down") N(E, UP, "up")
 *   NAMES_ENUM(VmStatus, VM_STATUS, VM)      -> enum { VM_NONE_, VM_DOWN, VM_UP }
 *   in one .c: NAMES_TABLE(vm_status_names, VM_STATUS)                                                              */
#define NAMES_ENUM_ROW_(P, name, word) P##_##name,
#define NAMES_TEXT_ROW_(P, name, word) word,
#define NAMES_ENUM(T, LIST, P) typedef enum { P##_NONE_, LIST(NAMES_ENUM_ROW_, P) } T
#define NAMES_TABLE(N, LIST)                                                       \
    static const char *const N##_words[] = { "", LIST(NAMES_TEXT_ROW_, _) };        \
    const Names N = { N##_words, G_N_ELEMENTS(N##_words) }

/* Rows. Each checks at compile time that the member has the C type of its kind. */
#define ROW_OFFSET(S, m, ctype)                                                                        \
    (guint) (offsetof(S, m) + 0 * sizeof(struct {                                                      \
        _Static_assert(_Generic(((S *) 0)->m, ctype: 1, default: 0), #S "." #m " is not " #ctype);     \
        int used;                                                                                      \
    }))
#define TEXT(S, m, flags, help)          { #m, KIND_TEXT, flags, ROW_OFFSET(S, m, char *),   NULL, NULL, help }
#define BOOL(S, m, flags, help)          { #m, KIND_BOOL, flags, ROW_OFFSET(S, m, gboolean), NULL, NULL, help }
#define INT(S, m, flags, help)           { #m, KIND_INT,  flags, ROW_OFFSET(S, m, gint64),   NULL, NULL, help }
#define SIZE(S, m, unit, flags, help)    { #m, KIND_INT,  flags, ROW_OFFSET(S, m, gint64),   NULL, unit, help }
#define REAL(S, m, flags, help)          { #m, KIND_REAL, flags, ROW_OFFSET(S, m, double),   NULL, NULL, help }
#define TIME(S, m, flags, help)          { #m, KIND_TIME, flags, ROW_OFFSET(S, m, gint64),   NULL, NULL, help }
#define ENUM(S, m, names, flags, help)   { #m, KIND_ENUM, flags, ROW_OFFSET(S, m, int),      &names, NULL, help }
#define REF(S, m, type, flags, help)     { #m, KIND_REF,  flags, ROW_OFFSET(S, m, Ref),      &type, NULL, help }
#define GROUP(S, m, type, flags, help)   { #m, KIND_GROUP, flags, (guint) offsetof(S, m),    &type, NULL, help }
#define LIST(S, m, type, flags, help)    { #m, KIND_LIST, flags, ROW_OFFSET(S, m, List),     &type, NULL, help }
#define WORDS(S, m, item, flags, help)   { #m, KIND_WORDS, flags, ROW_OFFSET(S, m, Words),   item, NULL, help }
#define CHILDREN(S, m, type, flags, help) { #m, KIND_CHILDREN, flags, ROW_OFFSET(S, m, List), &type, NULL, help }
/* A computed sub-collection: `elem` is its element name, `type` what is in it, `back` that type's REF to this object. */
#define COLLECT(elem, type, back)        { elem, KIND_COLLECT, 0, 0, &type, back, NULL }
/* A link that must answer 200 and is empty until its step is built; `seg` its path segment. */
#define EMPTY(elem, seg)                 { elem, KIND_COLLECT, 0, 0, NULL, NULL, seg }
/* The same member under another element name. */
#define NAMED(word, row_kind, S, m, ctype, of, flags, help) { word, row_kind, flags, ROW_OFFSET(S, m, ctype), of, NULL, help }
