/* Places and who fills them, against trying every way of filling them. */
#include "policy_test.h"

#include <policy_people.h>

#include <stdio.h>
#include <stdlib.h>

enum { LINES = 3, PEOPLE = 6 };
static const char *const names[PEOPLE] = {"ann", "bob", "carol", "dan", "erin", "frank"};

static hm_policy policy;
static hm_policy_people people;

/* Groups of PEOPLE by bits. */
static void set_groups(const uint8_t members[static LINES]) {
    policy.groups = policy.names = 0;
    for (int i = 0; i < LINES; i++) {
        hm_policy_group *group = &policy.group[policy.groups++];
        group->members = (hm_policy_list){(uint16_t)policy.names, 0};
        for (int k = 0; k < PEOPLE; k++) {
            if (!(members[i] >> k & 1)) continue;
            policy.name[policy.names++] = hm_text(names[k]);
            group->members.count++;
        }
    }
}

/* The most places that those in WHO fill, by trying each person in each line. */
static unsigned most_seated(const uint8_t members[static LINES], unsigned need[static LINES], unsigned who) {
    if (!who) return 0;
    int person = __builtin_ctz(who);
    unsigned rest = who & (who - 1), best = most_seated(members, need, rest);
    for (int i = 0; i < LINES; i++) {
        if (!(members[i] >> person & 1) || !need[i]) continue;
        need[i]--;
        unsigned with = 1 + most_seated(members, need, rest);
        need[i]++;
        if (with > best) best = with;
    }
    return best;
}

static void check_seats(unsigned seated) {
    unsigned have[LINES] = {0}, count = 0;
    for (size_t i = 0; i < people.count; i++) {
        const hm_policy_person *person = &people.person[i];
        if (person->place == HM_POLICY_NOWHERE) continue;
        assert_true(person->lines >> person->place & 1);
        have[person->place]++;
        count++;
    }
    assert_int_equal(count, seated);
    for (int i = 0; i < LINES; i++) {
        assert_int_equal(have[i], people.have[i]);
        assert_true(have[i] <= people.need[i]);
    }
}

static void seats_as_many_as_any_way_of_seating_does(void **state) {
    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        uint8_t members[LINES];
        unsigned need[LINES], wanted = 0, who = (unsigned)rand() % (1u << PEOPLE);
        hm_policy_approval lines[LINES];
        for (int i = 0; i < LINES; i++) {
            members[i] = (uint8_t)((unsigned)rand() % (1u << PEOPLE));
            need[i] = (unsigned)rand() % 3 + 1;
            wanted += need[i];
            lines[i] = (hm_policy_approval){(uint16_t)need[i], (uint16_t)i};
        }
        set_groups(members);
        hm_policy_people_gather(&policy, lines, LINES, HM_NO_BYTES, &people);
        for (int k = PEOPLE; k--;)
            if (who >> k & 1) (void)hm_policy_people_approve(&people, hm_text(names[k]));
        unsigned expected = most_seated(members, need, who);
        assert_int_equal(hm_policy_people_seat(&people, true), wanted - expected);
        check_seats(expected);
        /* Who is told to help does, and who is not does not. */
        unsigned helpful = 0;
        for (size_t i = 0; i < LINES; i++) {
            if (people.have[i] == people.need[i]) continue;
            helpful |= hm_policy_people_helpful(&people, i);
        }
        for (int k = 0; k < PEOPLE; k++) {
            bool told = false;
            if (who >> k & 1) continue;
            for (int i = 0; i < LINES; i++) told = told || (helpful >> i & members[i] >> k & 1);
            assert_int_equal(told, most_seated(members, need, who | 1u << k) > expected);
        }
        unsigned all = most_seated(members, need, (1u << PEOPLE) - 1);
        assert_int_equal(hm_policy_people_seat(&people, false), wanted - all);
        check_seats(all);
    }
}

static void gathers_each_person_once_and_not_the_one_left_out(void **state) {
    (void)state;
    static const uint8_t members[LINES] = {0x07, 0x0e, 0x20};
    static const hm_policy_approval lines[] = {{1, 0}, {1, 1}};
    set_groups(members);
    hm_policy_people_gather(&policy, lines, 2, hm_text("carol"), &people);
    assert_int_equal(people.count, 3);
    assert_bytes(people.person[1].name, "bob");
    assert_int_equal(people.person[1].lines, 3);
    assert_false(hm_policy_people_approve(&people, hm_text("carol")));
    assert_false(hm_policy_people_approve(&people, hm_text("frank")));
    assert_true(hm_policy_people_approve(&people, hm_text("dan")));
}

static void takes_all_the_people_that_a_policy_may_name(void **state) {
    (void)state;
    static char storage[HM_POLICY_PEOPLE][8];
    hm_policy_approval lines[HM_POLICY_APPROVALS];
    policy.groups = HM_POLICY_APPROVALS;
    for (size_t i = 0; i < HM_POLICY_PEOPLE; i++) {
        snprintf(storage[i], sizeof storage[i], "p%zu", i);
        policy.name[i] = hm_text(storage[i]);
    }
    for (uint16_t i = 0; i < HM_POLICY_APPROVALS; i++) {
        policy.group[i].members = (hm_policy_list){(uint16_t)(i * HM_POLICY_LIST_MAX), HM_POLICY_LIST_MAX};
        lines[i] = (hm_policy_approval){HM_POLICY_LIST_MAX, i};
    }
    hm_policy_people_gather(&policy, lines, HM_POLICY_APPROVALS, HM_NO_BYTES, &people);
    assert_int_equal(people.count, HM_POLICY_PEOPLE);
    assert_int_equal(hm_policy_people_seat(&people, true), HM_POLICY_PEOPLE);
    assert_int_equal(hm_policy_people_seat(&people, false), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seats_as_many_as_any_way_of_seating_does),
        cmocka_unit_test(gathers_each_person_once_and_not_the_one_left_out),
        cmocka_unit_test(takes_all_the_people_that_a_policy_may_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
