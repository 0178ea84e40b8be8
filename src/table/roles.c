/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of columns, by name or by number from 1, and what their columns are for. */
#include "core/memory.h"
#include "core/size.h"
#include "table/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAREST 3      /* so many names are offered */
#define COMPARED 63    /* bytes of names that are compared for that */
#define MAX_DISTANCE 3 /* letters that are wrong */

/* ---- lists ---- */

/* The next entry of a list into room, which has as many bytes as the list. Blanks around it do not count. Two quotes in
 * a quoted name are one. False at the end. */
static bool next_entry(const char **list, char *room) {
    const char *p = *list + strspn(*list, " ");
    char *end = room;
    if (!*p)
        return false;
    if (*p == '"') {
        for (p++; *p && (*p != '"' || p[1] == '"'); p++) {
            p += *p == '"';
            *end++ = *p;
        }
        p += strcspn(p, ",");
    } else {
        const size_t length = strcspn(p, ",");
        memcpy(room, p, length);
        for (end = room + length; end > room && end[-1] == ' ';)
            end--;
        p += length;
    }
    *end = '\0';
    *list = p + (*p == ',');
    return true;
}

static bool is_name(const char *name, const char *other) {
    return name && other && !strcmp(name, other);
}

/* Whether what was given for a column may mean this one: yes, too, of a name that is another's number. */
static bool may_be(const char *column, const char *name, size_t index) {
    return is_name(column, name) || (column && strtoul(column, NULL, 10) == index + 1);
}

/* Whether name is an entry of the list. Names that need a buffer longer than this are left to tp_plan_roles. */
static bool lists_name(const char *list, const char *name) {
    char room[1024];
    if (!list || !name || strlen(list) >= sizeof room)
        return false;
    while (next_entry(&list, room))
        if (is_name(room, name))
            return true;
    return false;
}

/* Whether an entry of the list may be this column. */
static bool may_list(const char *list, const char *name, size_t index) {
    char room[1024];
    if (!list || strlen(list) >= sizeof room)
        return list != NULL;
    while (next_entry(&list, room))
        if (may_be(room, name, index))
            return true;
    return false;
}

/* Of data without a schema and without targets. */
static enum tp_field_kind input_hint(const tp_dataset_options *options, const char *name, size_t index) {
    const bool is_input = !may_be(options->id, name, index) && !may_be(options->weight, name, index) &&
                          !may_list(options->ignore, name, index) && !may_list(options->target, name, index);
    return is_input ? TP_FIELD_NUMBER : TP_FIELD_ANY;
}

static enum tp_field_kind schema_hint(const tp_dataset_options *options, const char *name, size_t index) {
    if (is_name(options->weight, name))
        return TP_FIELD_NUMBER;
    const enum tp_field_kind hint = tp_schema_hint(options->schema, options->no_target, name);
    const bool is_used = may_be(options->id, name, index) || may_be(options->weight, name, index);
    return hint == TP_FIELD_SKIP && is_used ? TP_FIELD_ANY : hint;
}

enum tp_field_kind tp_column_hint(const void *user, const char *name, size_t index) {
    const tp_dataset_options *options = user;
    if (options->schema)
        return schema_hint(options, name, index);
    if (options->no_target)
        return input_hint(options, name, index);
    if (is_name(options->weight, name) || (options->task == TP_TASK_REGRESSION && lists_name(options->target, name)))
        return TP_FIELD_NUMBER;
    return lists_name(options->ignore, name) ? TP_FIELD_SKIP : TP_FIELD_ANY;
}

/* ---- names ---- */

tp_status tp_find_name(const struct tp_table *table, const char *name, size_t *field) {
    *field = TP_NO_FIELD;
    for (size_t i = 0; i < table->count; i++) {
        if (!table->fields[i].name || strcmp(table->fields[i].name, name) != 0)
            continue;
        if (*field != TP_NO_FIELD)
            return tp_fail(table->context, TP_ERR_ARGUMENT, "%s: columns %zu and %zu are both called '%s'", table->path,
                           *field + 1, i + 1, name);
        *field = i;
    }
    return TP_OK;
}

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Letters that have to be changed, added or removed; case does not count. */
static size_t distance(const char *a, const char *b) {
    size_t row[COMPARED + 1];
    const size_t m = tp_min(strlen(a), COMPARED), n = tp_min(strlen(b), COMPARED);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            const size_t changed = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
            diagonal = row[j];
            row[j] = tp_min(changed, tp_min(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

/* The names of the table that are nearest, as ": 'a', 'b'"; "" if none is near. */
static void list_nearest(const struct tp_table *table, const char *name, char *text, size_t size) {
    size_t used = 0, listed = 0;
    *text = '\0';
    for (size_t d = 0; d <= MAX_DISTANCE && listed < NEAREST; d++)
        for (size_t i = 0; i < table->count && listed < NEAREST; i++) {
            if (!table->fields[i].name || distance(name, table->fields[i].name) != d)
                continue;
            const int n = snprintf(text + used, size - used, "%s'%.60s'",
                                   listed++ ? ", " : "; the nearest: ", table->fields[i].name);
            used = n < 0 ? used : tp_min(used + (size_t)n, size - 1);
        }
}

static tp_status fail_unknown(const struct tp_table *table, const char *option, const char *entry) {
    char nearest[NEAREST * 80];
    list_nearest(table, entry, nearest, sizeof nearest);
    if (!table->fields[0].name)
        return tp_fail(table->context, TP_ERR_ARGUMENT, "%s: %s: no column '%s': the %zu columns have no names",
                       table->path, option, entry, table->count);
    return tp_fail(table->context, TP_ERR_ARGUMENT, "%s: %s: no column '%s' among %zu%s", table->path, option, entry,
                   table->count, nearest);
}

tp_status tp_find_field(const struct tp_table *table, const char *option, const char *entry, size_t *field) {
    const tp_status status = tp_find_name(table, entry, field);
    if (status || *field != TP_NO_FIELD)
        return status;
    const size_t digits = strspn(entry, "0123456789");
    if (!digits || entry[digits] || digits > 9)
        return fail_unknown(table, option, entry);
    const unsigned long number = strtoul(entry, NULL, 10);
    if (number < 1 || number > table->count)
        return tp_fail(table->context, TP_ERR_ARGUMENT, "%s: %s: no column %lu: there are 1..%zu", table->path, option,
                       number, table->count);
    *field = number - 1;
    return TP_OK;
}

/* ---- roles ---- */

enum role { FEATURE, TARGET, IGNORED, WEIGHT, ID, CATEGORY };
static const char *const role_names[] = {"feature", "target", "ignore", "weight", "id", "categories"};

struct roles {
    struct tp_plan *plan;
    unsigned char *role; /* of each field */
    bool *category;      /* its numbers are names */
    size_t *targets;     /* in the order of the list */
    size_t target_count;
};

static tp_status give_role(struct roles *roles, enum role role, size_t field) {
    const struct tp_table *table = roles->plan->table;
    char label[TP_LABEL_SIZE];
    if (role == CATEGORY) {
        roles->category[field] = true;
        return TP_OK;
    }
    if (roles->role[field] != FEATURE)
        return tp_fail(table->context, TP_ERR_ARGUMENT, "%s: column %s is in %s and in %s", table->path,
                       tp_field_label(table, field, label, sizeof label), role_names[roles->role[field]],
                       role_names[role]);
    roles->role[field] = (unsigned char)role;
    if (role == TARGET)
        roles->targets[roles->target_count++] = field;
    return TP_OK;
}

static tp_status give_roles(struct roles *roles, enum role role, const char *list) {
    struct tp_table *table = roles->plan->table;
    char *room = list ? tp_table_take(table, strlen(list) + 1, 1) : NULL;
    tp_status status = list && !room ? TP_ERR_MEMORY : TP_OK;
    while (!status && list && next_entry(&list, room)) {
        size_t field = 0;
        status = tp_find_field(table, role_names[role], room, &field);
        if (!status)
            status = give_role(roles, role, field);
    }
    return status;
}

/* Weights and ids are one column, whose name needs no quotes. */
static tp_status give_single(struct roles *roles, enum role role, const char *name, size_t *field) {
    *field = TP_NO_FIELD;
    if (!name)
        return TP_OK;
    const tp_status status = tp_find_field(roles->plan->table, role_names[role], name, field);
    return status ? status : give_role(roles, role, *field);
}

/* Without a list the file's own targets, or the last column that has no other role if there must be one. */
static tp_status give_targets(struct roles *roles, const char *list) {
    const struct tp_table *table = roles->plan->table;
    if (list)
        return give_roles(roles, TARGET, list);
    tp_status status = TP_OK;
    const size_t end = table->count - table->others;
    for (size_t i = end - table->targets; !status && i < end; i++)
        status = give_role(roles, TARGET, i);
    const bool last = !table->targets && !roles->plan->options->no_target;
    for (size_t i = table->count; last && !roles->target_count && i > 0; i--)
        if (roles->role[i - 1] == FEATURE)
            status = give_role(roles, TARGET, i - 1);
    return status;
}

static tp_status check_weight(const struct tp_plan *plan) {
    const struct tp_table *table = plan->table;
    char label[TP_LABEL_SIZE];
    if (plan->weight == TP_NO_FIELD || table->fields[plan->weight].numbers)
        return TP_OK;
    return tp_fail(table->context, TP_ERR_FORMAT, "%s: weight %s: the column has texts", table->path,
                   tp_field_label(table, plan->weight, label, sizeof label));
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Features of the same name could not be told apart later. */
static tp_status check_names(const struct tp_plan *plan) {
    struct tp_table *table = plan->table;
    const char **names = tp_table_take(table, plan->feature_count, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; names && i < plan->feature_count; i++)
        if (table->fields[plan->feature[i]].name)
            names[count++] = table->fields[plan->feature[i]].name;
    if (names)
        qsort(names, count, sizeof *names, by_name);
    for (size_t i = 1; names && i < count; i++)
        if (!strcmp(names[i - 1], names[i]))
            return tp_fail(table->context, TP_ERR_FORMAT, "%s: two features are called '%s'", table->path, names[i]);
    return names ? TP_OK : TP_ERR_MEMORY;
}

static tp_status list_features(struct roles *roles) {
    struct tp_plan *plan = roles->plan;
    const struct tp_table *table = plan->table;
    plan->feature = tp_table_take(plan->table, table->count, sizeof *plan->feature);
    for (size_t i = 0; plan->feature && i < table->count; i++)
        if (roles->role[i] == FEATURE)
            plan->feature[plan->feature_count++] = i;
    plan->target = roles->targets;
    plan->target_count = plan->options->no_target ? 0 : roles->target_count;
    if (!plan->feature)
        return TP_ERR_MEMORY;
    const bool needs_target = !plan->options->schema_only && !plan->options->no_target;
    if (!plan->feature_count || (needs_target && !plan->target_count))
        return tp_fail(table->context, TP_ERR_FORMAT, "%s: of %zu column%s none is left as a %s", table->path,
                       table->count, table->count == 1 ? "" : "s", plan->feature_count ? "target" : "feature");
    const tp_status status = check_weight(plan);
    return status ? status : check_names(plan);
}

static tp_status make_categories(const struct roles *roles) {
    struct tp_table *table = roles->plan->table;
    tp_status status = TP_OK;
    for (size_t i = 0; !status && i < table->count; i++)
        if (roles->category[i] && roles->role[i] == FEATURE && table->fields[i].numbers)
            status = tp_number_words(table, i);
    return status;
}

static tp_status set_roles(struct roles *roles) {
    const tp_dataset_options *options = roles->plan->options;
    tp_status status = give_single(roles, WEIGHT, options->weight, &roles->plan->weight);
    if (!status)
        status = give_single(roles, ID, options->id, &roles->plan->id);
    if (!status)
        status = options->schema ? TP_OK : give_roles(roles, IGNORED, options->ignore);
    if (status || options->schema)
        return status ? status : check_weight(roles->plan);
    status = give_roles(roles, CATEGORY, options->categories);
    if (!status && !options->schema_only)
        status = give_targets(roles, options->target);
    if (!status)
        status = list_features(roles);
    return status ? status : make_categories(roles);
}

tp_status tp_plan_roles(struct tp_plan *plan) {
    struct tp_table *table = plan->table;
    struct roles roles = {.plan = plan};
    if (!table->count)
        return tp_fail(table->context, TP_ERR_FORMAT, "%s: has no columns", table->path);
    plan->texts = tp_table_take(table, table->count, sizeof *plan->texts);
    roles.role = plan->texts ? tp_table_take(table, table->count, 1) : NULL;
    roles.category = roles.role ? tp_table_take(table, table->count, sizeof *roles.category) : NULL;
    roles.targets = roles.category ? tp_table_take(table, table->count, sizeof *roles.targets) : NULL;
    if (!roles.targets)
        return TP_ERR_MEMORY;
    for (size_t i = 0; i < table->count; i++)
        plan->texts[i] = table->fields[i].codes != NULL;
    return set_roles(&roles);
}
