#!/bin/sh
# Three custodians keep a root of the trust list each, in an office of their own; two of them must sign. Roots change hands over
# three generations; a device that missed the middle one is helped by a bundle. One root alone can do nothing, and none signs a
# fork. Devices are played by `trust show --old`, whose verdict is libhallmark-verify's.
# shellcheck disable=SC2154  # $output is lib.sh's
. "$(dirname "$0")/lib.sh"
story "A trust list with three custodians"

for name in alice bob carol dave erin; do
    step "$name makes an office for a root" hallmark init --org "Custodian $name" "$scratch/$name"
    expect_output "root of the trust list" "$name's root key is made, and written for the others" \
        hallmark --office "$scratch/$name" trust key -o "$name.key"
done
expect_output "trust root" "it is a key in the token, of a role of its own" hallmark --office "$scratch/alice" key list
expect_output "trust root" "that it was made is in the log" hallmark --office "$scratch/alice" log show --json
step "asked for again, it is the same" hallmark --office "$scratch/alice" trust key -o again.key
expect_same alice.key again.key "byte for byte"

step "the maker has an office" hallmark init --org "Pump Works" "$HALLMARK_OFFICE"
step "with a product" hallmark product add pump
expect_output "compare it with what reaches" "the maker writes down who he is, for the custodians" \
    hallmark trust publisher --product pump -o pump.publisher
expect_fault 2 "--product" "of which product must be said" hallmark trust publisher -o x

# The first list.
expect_fault 2 "--threshold" "a list needs a threshold" \
    hallmark trust update --new alice.key bob.key carol.key -o list-1
expect_fault 2 "4 must sign" "one that can be met" \
    hallmark trust update --new alice.key bob.key carol.key --threshold 4 -o list-1
expect_fault 2 "a root already" "a root counts once" \
    hallmark trust update --new alice.key alice.key carol.key --threshold 2 -o list-1
expect_fault 3 "No such file" "every file must be there" \
    hallmark trust update --new alice.key nobody.key --threshold 2 -o list-1
step "none of that left a file" test ! -e list-1
expect_output "0 of 2 root signatures" "a list is made from the roots' keys" \
    hallmark trust update --new alice.key bob.key carol.key --threshold 2 --add-publisher pump.publisher -o list-1
expect_output "unsigned" "nobody has signed it" hallmark trust show list-1
expect_output "1 of 2 root signatures" "alice signs" hallmark --office "$scratch/alice" trust update list-1 --sign
cp list-1 by-alice-alone
expect_output "not enough signatures" "one root is not enough" hallmark trust show list-1
expect_output "2 of 2 root signatures: complete" "bob signs" hallmark --office "$scratch/bob" trust update list-1 --sign
expect_output "trust list 1, signed" "that makes it a list" hallmark trust show list-1
expect_refused "not in the list" "dave is no root of it" hallmark --office "$scratch/dave" trust update list-1 --sign
expect_refused "no root key" "an office without a root key signs no list" hallmark trust update list-1 --sign
expect_output '"act":"trust-sign"' "a refusal is in the log" hallmark log show --json

# What is in the small files, before anybody signs.
expect_output "SHA-256 $(sha256sum pump.publisher | cut -c1-64)" "a publisher's file has the hash that sha256sum tells" \
    hallmark trust show pump.publisher
expect_output "publisher Pump Works" "says who it is" hallmark trust show pump.publisher
expect_output "log of office" "and whose log" hallmark trust show pump.publisher
expect_output '"file_of":"publisher"' "for machines too" hallmark trust show --json pump.publisher
expect_output "$(hallmark --office "$scratch/alice" trust key | cut -c1-64)" "a root's file says its kid" \
    hallmark trust show alice.key
expect_output "the file of a root" "and that it is one" hallmark trust show alice.key
step "a log has a file" hallmark log key -o pump.log
expect_output "the file of a log" "which says so" hallmark trust show pump.log

# A second office behind one publisher.
step "another office" hallmark init --org "Safety Board" "$scratch/second"
step "has the product too" hallmark --office "$scratch/second" product add pump
step "and says so" hallmark --office "$scratch/second" trust publisher --product pump -o second.publisher
expect_output "Pump Works has 1 key more, of Safety Board" "its key counts for the same publisher" \
    hallmark trust update list-1 -o both --publisher "Pump Works" --add-key second.publisher --publisher-threshold 2 \
    --require-receipts no
expect_output "2 of 2 keys must sign" "and both must sign" hallmark trust show both
expect_fault 2 "Pump Works's already" "a key counts once" hallmark trust update both -o x --add-key second.publisher
expect_fault 2 "a root signs lists and nothing else" "no root signs releases" \
    hallmark trust update list-1 -o x --add-key alice.key
expect_fault 2 "a root signs lists and nothing else" "not even one that is none of this list's" \
    hallmark trust update list-1 -o x --add-key erin.key
tail -c +18 alice.key >bare.key
expect_fault 2 "a root of this list" "nor is one taken as a bare key" \
    hallmark trust update list-1 -o x --add-key bare.key
expect_refused "hallmark trust publisher" "a log's key is none that signs releases" \
    hallmark trust update list-1 -o x --add-key pump.log
expect_fault 2 "Works/main: give PUBLISHER" "what is wrong is named once" \
    hallmark trust update list-1 -o x --minimum "Pump Works/main"
expect_output '"output":"named"' "a program is told where the list is" \
    hallmark trust update --json list-1 -o named --threshold 1
expect_output "named-2: trust list 2, made from list-1: 0 of 1" "and a person" \
    hallmark trust update list-1 -o named-2 --threshold 1

# What is there stays there.
cp list-1 signed
cp alice.key kept
for made in "trust key" "log key" "trust export" "trust publisher --product pump" "cert export --product pump" \
    "cert request --product pump" "trust bundle list-1" "trust update list-1 --threshold 1"; do
    # shellcheck disable=SC2086  # the words are the command's
    expect_refused "is there already (--replace" "hallmark $made replaces no file" hallmark $made -o kept
done
expect_same kept alice.key "not by a byte"
expect_refused "is there already" "a signed list least of all" hallmark trust update list-1 --threshold 1 -o by-alice-alone
expect_fault 2 "would overwrite what it is made of" "not even with --replace where it is what is changed" \
    hallmark trust update list-1 --threshold 1 -o ./list-1 --replace
expect_fault 2 "would overwrite what it is made of" "or the file behind an option" \
    hallmark trust update list-1 --add-root dave.key -o dave.key --replace
expect_fault 2 "would overwrite what it is made of" "or what is bundled" hallmark trust bundle list-1 -o list-1 --replace
ln list-1 other-name
expect_fault 2 "would overwrite what it is made of" "by whatever name" \
    hallmark trust bundle list-1 -o other-name --replace
expect_fault 2 "is a folder" "nor is a file put into a folder under a name that nobody gave" \
    hallmark trust update list-1 --threshold 1 -o .
ln -s list-1 link
expect_refused "is there already" "nor behind a link" hallmark trust key -o link --replace
expect_same list-1 signed "the list has its signatures"
step "what may go is replaced" hallmark trust update list-1 --threshold 1 -o kept --replace
expect_output "unsigned" "by the new list" hallmark trust show kept
expect_fault 2 "given twice" "an option that says one thing is given once" hallmark trust show list-1 --old list-1 --old kept

# One root alone.
expect_refused "by-alice-alone: trust list 1 has 1 of 2 root signatures" "a device takes no first list by alice alone" hallmark trust bundle by-alice-alone -o x
step "alice makes the list that she would like" hallmark trust update list-1 -o mine --remove-root \
    "$(hallmark --office "$scratch/bob" trust key | cut -c1-64)" --remove-root \
    "$(hallmark --office "$scratch/carol" trust key | cut -c1-64)" --threshold 1
expect_output "1 of 2 old roots" "and signs it" hallmark --office "$scratch/alice" trust update mine --sign --old list-1
expect_refused "does not take list 2" "no device takes it" hallmark trust show mine --old list-1
expect_refused "could fork the list" "and her root signs no other list of that version" \
    sh -c "hallmark trust update list-1 -o other --minimum 'Pump Works/main=2' && hallmark --office '$scratch/alice' trust update other --sign"
step "a list that she has signed, she may sign again" hallmark --office "$scratch/alice" trust update mine --sign --old list-1

# The second generation: dave takes alice's place.
alice=$(hallmark --office "$scratch/alice" trust key | cut -c1-64)
expect_output "0 of 2" "dave takes alice's place" \
    hallmark trust update list-1 -o list-2 --remove-root "$alice" --add-root dave.key
expect_output "1 of 2 new roots, 1 of 2 old roots" "bob, who stays, signs as a new and an old root" \
    hallmark --office "$scratch/bob" trust update list-2 --sign --old list-1
expect_refused "too few of the device's roots" "that is not enough for a device" hallmark trust show list-2 --old list-1
expect_output "2 of 2 new roots, 1 of 2 old roots" "dave signs as a new one" \
    hallmark --office "$scratch/dave" trust update list-2 --sign --old list-1
expect_refused "too few of the device's roots" "not enough either: the old roots decide too" \
    hallmark trust show list-2 --old list-1
expect_output "2 of 2 old roots: complete" "carol signs as both" \
    hallmark --office "$scratch/carol" trust update list-2 --sign --old list-1
expect_output "takes it: accepted" "a device with the first list takes it" hallmark trust show list-2 --old list-1
expect_output "root $(echo "$alice" | cut -c1-16) is gone" "and it is said what changes" hallmark trust show list-2 --old list-1

expect_output "3 root signatures, 2 needed: complete as a first list; give --old" "a list that follows needs the old roots" \
    hallmark --office "$scratch/dave" trust update list-2 --sign
expect_output "complete as a first list; give --old" "which is said where it is shown" hallmark trust show list-2

# The third: erin takes bob's place, and carol's root is gone.
bob=$(hallmark --office "$scratch/bob" trust key | cut -c1-64)
carol=$(hallmark --office "$scratch/carol" trust key | cut -c1-64)
step "erin takes bob's place, and carol leaves" hallmark trust update list-2 -o list-3 \
    --remove-root "$bob" --remove-root "$carol" --add-root erin.key
step "erin signs" hallmark --office "$scratch/erin" trust update list-3 --sign
step "dave signs" hallmark --office "$scratch/dave" trust update list-3 --sign --old list-2
expect_refused "signs with --old" "a root that leaves says which list it leaves" \
    hallmark --office "$scratch/carol" trust update list-3 --sign
expect_output "2 of 2 new roots, 2 of 2 old roots: complete" "carol signs for the last time" \
    hallmark --office "$scratch/carol" trust update list-3 --sign --old list-2
expect_output "takes it: accepted" "a device with the second list takes it" hallmark trust show list-3 --old list-2
expect_refused "give it the lists between first" "one that missed the second does not" hallmark trust show list-3 --old list-1

# Bundles.
expect_refused "does not take list 3" "a bundle with a gap is none" hallmark trust bundle list-1 list-3 -o bundle
step "and is not written" test ! -e bundle
expect_output "holds 3 lists, 1 to 3" "a bundle of all, in whatever order they are given" \
    hallmark trust bundle list-3 list-1 list-2 -o bundle
roots=$(hallmark trust show list-1 | sed -n 's/.*SHA-256 of the root set: //p')
expect_output "first root set: $roots" "with the hash of the first roots, for what cannot be changed" \
    hallmark trust bundle list-3 list-1 list-2 -o bundle --replace
expect_output "is the one in force" "the list that it has is no alarm" hallmark trust show bundle --old list-1
expect_refused "old list, by-alice-alone: trust list 1 has 1 of 2" "a device holds no list that is not signed" \
    hallmark trust show bundle --old by-alice-alone
expect_refused "fork: trust list 3 has 0 of 2 root signatures" "in a bundle the one that is not is named" \
    sh -c "hallmark trust update list-2 -o fork --threshold 2 --minimum 'Pump Works/main=8' && hallmark trust bundle list-1 list-2 fork -o bundle-0"
expect_output "trust list 3, signed" "the device that missed one is given the bundle" \
    hallmark trust show bundle --old list-1
expect_output "holds 3 lists" "bundles are taken apart and joined" hallmark trust bundle bundle list-2 -o bundle-2
expect_same bundle bundle-2 "with the same result"

# Backwards, sideways.
expect_refused "older than the one in force" "the list is not rolled back" hallmark trust show list-1 --old list-3
step "the list in force again is nothing to refuse" hallmark trust show list-3 --old list-3
step "another list of version 3" hallmark trust update list-2 -o fork --replace --minimum "Pump Works/main=9"
expect_refused "could fork the list" "carol does not sign it" hallmark --office "$scratch/carol" trust update fork --sign
expect_refused "could fork the list" "dave does not" hallmark --office "$scratch/dave" trust update fork --sign

# Notes are signed, and devices skip them: whoever signs sees what they say, each on one line.
step "a list gets a note that would pass for more" /usr/bin/python3 -c 'import sys
draft = bytearray(open(sys.argv[1], "rb").read())
note = "\u202efine\n  publisher Friend".encode()
start = 8  # behind the frame and the two bytes of the length of the payload
length = int.from_bytes(draft[6:8], "big")
assert draft[:6] == bytes.fromhex("d8628440a059") and draft[start] == 0xa7
draft[start + length : start + length] = bytes([0x20, 0x60 + len(note) if len(note) < 24 else 0x78]) + (
    b"" if len(note) < 24 else bytes([len(note)])) + note
added = len(draft) - start - length - 1
draft[start] = 0xa8
draft[6:8] = (length + added).to_bytes(2, "big")
open(sys.argv[2], "wb").write(draft)' fork noted
expect_output 'note -1, which devices skip: \xe2\x80\xaefine\x0a  publisher Friend' "it is one note, on one line" \
    hallmark trust show noted
expect_output '"notes":[{"key":-1,"text":' "for machines too" hallmark trust show --json noted
step "and what changes is said" \
    sh -c "hallmark trust show noted --old list-2 2>&1 | grep -qF 'note -1 is new: '"

# Tampering.
cp list-3 broken
flip broken 300
expect_status 1 "a list that was changed is not taken" hallmark trust show broken --old list-2
head -c 400 list-3 >shortened
expect_status 1 "nor one that was cut off" hallmark trust show shortened
printf x | cat list-3 - >longer
expect_status 1 "nor one with something behind it" hallmark trust show longer
: >empty
expect_status 1 "an empty file is no list" hallmark trust show empty
printf '\203' | cat - alice.key >odd.key
expect_status 1 "a file of another make tells nothing" hallmark trust show odd.key
expect_fault 2 "is no list" "a key follows on no list" hallmark trust show alice.key --old list-1
cp list-3 list-3.kept
expect_status 1 "what is no list is not signed" hallmark --office "$scratch/dave" trust update alice.key --sign
expect_same list-3 list-3.kept "and nothing was written over"

step "alice's log is good" hallmark --office "$scratch/alice" log check
step "carol's log is good" hallmark --office "$scratch/carol" log check
expect_output "sign trust list" "and says what her root signed" hallmark --office "$scratch/carol" log show
finish
