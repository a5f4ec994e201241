#include <pki/notes.h>

#include <base/cbor.h>
#include <base/readable.h>

hm_err hm_notes_of_map(hm_bytes map, hm_notes *notes) {
    *notes = (hm_notes){.reader = hm_reader_of(map), .previous = HM_NO_BYTES};
    return hm_cbor_get_map(&notes->reader, &notes->pairs);
}

hm_notes hm_notes_of_pairs(hm_bytes pairs, size_t count) {
    return (hm_notes){.reader = hm_reader_of(pairs), .previous = HM_NO_BYTES, .pairs = count};
}

hm_err hm_notes_next(hm_notes *notes, hm_note *note, bool *more) {
    hm_note each;
    *more = false;
    while (notes->pairs && !*more) {
        notes->pairs--;
        HM_TRY(hm_cbor_get_key(&notes->reader, &notes->previous, &each.key));
        HM_TRY(hm_cbor_get_item(&notes->reader, &each.value));
        *more = each.key < 0;
    }
    if (*more) *note = each;
    return HM_OK;
}

/* *IS_TEXT false: then TEXT means nothing. */
static hm_err text_of(const hm_note *note, hm_bytes *text, bool *is_text) {
    hm_reader reader = hm_reader_of(note->value);
    *is_text = hm_cbor_next(&reader) == HM_CBOR_TEXT;
    return *is_text ? hm_cbor_get_text(&reader, text) : HM_OK;
}

hm_err hm_note_put(const hm_note *note, hm_buf *line) {
    hm_bytes text;
    bool is_text;
    HM_TRY(text_of(note, &text, &is_text));
    return is_text ? hm_put_readable(line, text) : hm_put_hex(line, note->value);
}

static hm_err put_json(const hm_note *note, hm_json *json) {
    hm_bytes text;
    bool is_text;
    HM_TRY(text_of(note, &text, &is_text));
    hm_json_object(json, NULL);
    hm_json_number(json, "key", note->key);
    if (is_text)
        hm_json_text(json, "text", text);
    else
        hm_json_hex(json, "cbor", note->value);
    hm_json_close_object(json);
    return HM_OK;
}

hm_err hm_notes_json(hm_notes notes, hm_json *json) {
    hm_note note;
    bool more;
    HM_TRY(hm_notes_next(&notes, &note, &more));
    if (!more) return HM_OK;
    for (hm_json_array(json, "notes"); more;) {
        HM_TRY(put_json(&note, json));
        HM_TRY(hm_notes_next(&notes, &note, &more));
    }
    hm_json_close_array(json);
    return HM_OK;
}
