#include "record.h"

void hmb_record_open(hmb_journal *journal, const hmb_flash *flash, const hmb_layout *layout, hmb_record *latest) {
    (void)hmb_journal_open(journal, flash, layout->records, HMB_RECORD_MAGIC, (uint8_t *)latest, sizeof *latest);
}
