#include <format/format.h>

#include <string.h>

const hm_format *const hm_formats[] = {&hm_format_pe, &hm_format_native, &hm_format_catalogue, &hm_format_cms, NULL};

const hm_format *hm_format_by_name(const char *name) {
    for (size_t i = 0; hm_formats[i]; i++)
        if (strcmp(hm_formats[i]->name, name) == 0) return hm_formats[i];
    return NULL;
}

const hm_format *hm_format_of(hm_bytes head, uint64_t size, bool folder) {
    if (folder) return &hm_format_catalogue;
    for (size_t i = 0; hm_formats[i]; i++)
        if (!hm_formats[i]->takes_folder && hm_formats[i]->probe(head, size)) return hm_formats[i];
    return &hm_format_cms;
}
