#include "policy_people.h"

_Static_assert(HM_POLICY_APPROVALS <= 8, "a bit for each line");

static hm_policy_person *find(hm_policy_people *people, hm_bytes name) {
    for (size_t i = 0; i < people->count; i++)
        if (hm_bytes_equal(people->person[i].name, name)) return &people->person[i];
    return NULL;
}

static void add(hm_policy_people *people, hm_bytes name, size_t line) {
    hm_policy_person *person = find(people, name);
    if (!person) {
        person = &people->person[people->count++];
        *person = (hm_policy_person){.name = name, .place = HM_POLICY_NOWHERE};
    }
    person->lines |= (uint8_t)(1u << line);
}

void hm_policy_people_gather(const hm_policy *policy, const hm_policy_approval *line, size_t lines, hm_bytes except,
                             hm_policy_people *people) {
    people->lines = lines;
    people->count = 0;
    for (size_t i = 0; i < lines; i++) {
        const hm_policy_list *members = &policy->group[line[i].group].members;
        people->need[i] = line[i].count;
        people->have[i] = 0;
        for (size_t k = 0; k < members->count; k++) {
            hm_bytes name = policy->name[members->first + k];
            if (!hm_bytes_equal(name, except)) add(people, name, i);
        }
    }
}

bool hm_policy_people_approve(hm_policy_people *people, hm_bytes name) {
    hm_policy_person *person = find(people, name);
    if (person) person->approved = true;
    return person != NULL;
}

static bool seat(hm_policy_people *people, hm_policy_person *person, uint8_t *tried);

/* Make one who sits at LINE move to another. */
static bool make_room(hm_policy_people *people, size_t line, uint8_t *tried) {
    for (size_t i = 0; i < people->count; i++)
        if (people->person[i].place == (int)line && seat(people, &people->person[i], tried)) return true;
    return false;
}

/* An augmenting path. Each line is tried once, so this nests no deeper than there are lines. */
static bool seat(hm_policy_people *people, hm_policy_person *person, uint8_t *tried) {
    for (size_t line = 0; line < people->lines; line++) {
        uint8_t bit = (uint8_t)(1u << line);
        if (!(person->lines & bit) || (*tried & bit)) continue;
        *tried |= bit;
        bool room = people->have[line] < people->need[line];
        if (!room && !make_room(people, line, tried)) continue;
        people->have[line] += room; /* who moved away left a place */
        person->place = (int)line;
        return true;
    }
    return false;
}

unsigned hm_policy_people_seat(hm_policy_people *people, bool approved_only) {
    unsigned missing = 0;
    for (size_t i = 0; i < people->count; i++) {
        hm_policy_person *person = &people->person[i];
        uint8_t tried = 0;
        if (person->place != HM_POLICY_NOWHERE || (approved_only && !person->approved)) continue;
        (void)seat(people, person, &tried);
    }
    for (size_t line = 0; line < people->lines; line++) missing += people->need[line] - people->have[line];
    return missing;
}

uint8_t hm_policy_people_helpful(const hm_policy_people *people, size_t line) {
    uint8_t helpful = (uint8_t)(1u << line), before = 0;
    while (helpful != before) {
        before = helpful;
        for (size_t i = 0; i < people->count; i++) {
            const hm_policy_person *person = &people->person[i];
            if (person->place == HM_POLICY_NOWHERE || !(person->lines & helpful)) continue;
            /* A line with room keeps its newcomers. */
            if (people->have[person->place] == people->need[person->place]) helpful |= (uint8_t)(1u << person->place);
        }
    }
    return helpful;
}
