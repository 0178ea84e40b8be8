/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/notes.h"

#include "core/memory.h"
#include "core/message.h"
#include "core/size.h"
#include "net/model.h"

#define MAX_NAME 63
#define MAX_BYTES 65536
#define LEAST_ROOM ((size_t)8)

size_t tp_note_bytes(const char *name, const char *text) {
    return strlen(name) + strlen(text);
}

/* JSON makes six bytes of the other control characters, and at most two of what is left: so the header of a file with
 * the most notes is far from its limit. */
static bool is_text(uint32_t character) {
    return character >= 0x20 || character == '\t' || character == '\n' || character == '\r';
}

static bool are_texts(const char *text) {
    uint32_t character;
    for (size_t size; *text; text += size) {
        size = tp_decode(text, &character);
        if (!size || !is_text(character))
            return false;
    }
    return true;
}

static bool is_name(const char *name) {
    const size_t prefix = strlen(TP_NOTE_PREFIX), length = strlen(name);
    return !strncmp(name, TP_NOTE_PREFIX, prefix) && length > prefix && length <= MAX_NAME;
}

const char *tp_note_problem(const char *name, const char *text, size_t others) {
    if (!is_name(name))
        return "is no name of a note: it must begin with \"" TP_NOTE_PREFIX "\" and have 6..63 bytes";
    if (!are_texts(name) || !are_texts(text))
        return "is not UTF-8, or has control characters besides tabs and ends of lines";
    if (tp_size_add(tp_note_bytes(name, text), others) > MAX_BYTES)
        return "is too long: all notes must have at most 65536 bytes together";
    return NULL;
}

/* Number of the note with this name, or of the first one behind it. */
static size_t place_of(const struct tp_notes *notes, const char *name) {
    size_t begin = 0, end = notes->count;
    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;
        if (strcmp(notes->note[middle], name) < 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

static bool is_at(const struct tp_notes *notes, size_t at, const char *name) {
    return at < notes->count && !strcmp(notes->note[at], name);
}

static char *make(const struct tp_context *context, const char *name, const char *text) {
    const size_t behind = strlen(name) + 1, size = strlen(text) + 1;
    char *note = tp_allocate(context, behind + size);
    if (!note)
        return NULL;
    memcpy(note, name, behind);
    memcpy(note + behind, text, size);
    return note;
}

/* Room for one more. */
static bool grow(const struct tp_context *context, struct tp_notes *notes) {
    if (notes->count < notes->room)
        return true;
    const size_t room = tp_max(2 * notes->room, LEAST_ROOM); /* the bytes of notes limit their number */
    char **note = tp_allocate(context, room * sizeof *note);
    if (!note)
        return false;
    if (notes->count)
        memcpy(note, notes->note, notes->count * sizeof *note);
    tp_release(context, notes->note);
    notes->note = note;
    notes->room = room;
    return true;
}

static void drop(const struct tp_context *context, struct tp_notes *notes, size_t at) {
    char *note = notes->note[at];
    notes->bytes -= tp_note_bytes(note, tp_note_text(note));
    notes->count--;
    memmove(notes->note + at, notes->note + at + 1, (notes->count - at) * sizeof *notes->note);
    tp_release(context, note);
}

static void insert(struct tp_notes *notes, size_t at, char *note) {
    memmove(notes->note + at + 1, notes->note + at, (notes->count - at) * sizeof *notes->note);
    notes->note[at] = note;
    notes->count++;
    notes->bytes += tp_note_bytes(note, tp_note_text(note));
}

/* name and text may be those of the note that is replaced. */
tp_status tp_notes_set(const struct tp_context *context, const char *what, struct tp_notes *notes, const char *name,
                       const char *text) {
    const size_t at = place_of(notes, name);
    const bool old = is_at(notes, at, name);
    char *note = NULL;
    if (text) {
        note = make(context, name, text);
        if (!note || !grow(context, notes)) {
            tp_release(context, note);
            return tp_fail(context, TP_ERR_MEMORY, "%s: cannot allocate memory for a note", what);
        }
    }
    if (old)
        drop(context, notes, at);
    if (note)
        insert(notes, at, note);
    return TP_OK;
}

void tp_notes_release(const struct tp_context *context, const struct tp_notes *notes) {
    for (size_t i = 0; i < notes->count; i++)
        tp_release(context, notes->note[i]);
    tp_release(context, notes->note);
}

tp_status tp_model_set_note(tp_model *model, const char *name, const char *text) {
    if (!model)
        return TP_ERR_ARGUMENT;
    if (!name)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "tp_model_set_note: name is NULL");
    const char *old = tp_model_note(model, name);
    const size_t others = model->notes.bytes - (old ? tp_note_bytes(name, old) : 0);
    const char *problem = tp_note_problem(name, text ? text : "", others);
    if (problem)
        return tp_fail(model->context, TP_ERR_ARGUMENT, "tp_model_set_note: \"%s\" %s", name, problem);
    return tp_notes_set(model->context, "tp_model_set_note", &model->notes, name, text);
}

const char *tp_model_note(const tp_model *model, const char *name) {
    if (!model || !name)
        return NULL;
    const size_t at = place_of(&model->notes, name);
    return is_at(&model->notes, at, name) ? tp_note_text(model->notes.note[at]) : NULL;
}

const char *tp_model_note_name(const tp_model *model, size_t index) {
    return model && index < model->notes.count ? model->notes.note[index] : NULL;
}
