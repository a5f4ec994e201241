/* Sentences for a console; a product without one leaves this file out. */
#include "record.h"

static const struct {
    uint32_t reason;
    const char *text;
} texts[] = {
    {HMB_EMPTY, "there is nothing in it that was completed"},
    {HMB_OTHER_COMPONENT, "the release is not for this bank: it is of another component"},
    {HMB_SEVERAL_COMPONENTS, "the release has several components, and a bank takes releases of one"},
    {HMB_OTHER_KIND, "the release is not for this bank: its component is of another kind"},
    {HMB_OTHER_RELEASE, "it holds another release than the one that was accepted there"},
    {HMB_NO_ROOM, "the payload is larger than the memory for it"},
    {HMB_GIVEN_UP, "it was started as often as a trial may be and never confirmed that it is well"},
    {HMB_STATE_LOST, "the device has lost its state: it must go back to the factory"},
    {HMB_LIST_LOST, "the trust list in force cannot be read"},
    {HMB_TRIAL_UNDER_WAY, "what runs is on trial itself and must confirm first"},
    {HMB_NOT_ON_TRIAL, "nothing was on trial that could confirm itself"},
    {HMB_UNKNOWN_REQUEST, "the request is not one that there is"},
    {HMB_TOO_MANY_REQUESTS, "too many requests at once: ask again"},
    {HMB_FLASH_FAULT, "the flash could not be written"},
    {HMB_NOT_ASKED, "nobody asked for it to be tried"},
    {HMB_SAME_LIFE, "the device is in production already"},
    {HMB_COUNTERS_FULL, "the device keeps counters for as many publishers' components as it can already"},
    {HMB_PARTNER_REFUSED, "what was to be tried together with it was refused"},
    {HMB_STATE_DAMAGED, "one of the two copies of the state was not whole, and was written again"},
    {HMB_LAYOUT_UNALIGNED, "the port's layout: an address or a size is no multiple of the erase block's"},
    {HMB_LAYOUT_OUTSIDE, "the port's layout: an area ends behind the layout's end"},
    {HMB_LAYOUT_OVERLAP, "the port's layout: two areas overlap"},
    {HMB_LAYOUT_MEMORY, "the port's layout: a bank's memory is smaller than the room in its slots"},
    {HMB_LAYOUT_COMPONENT, "the port's layout: a bank's component id or kind is not one that a release can have"},
};

const char *hmb_reason_text(uint32_t reason) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].reason == reason) return texts[i].text;
    return hmv_reason_text(reason);
}
