#!/bin/sh
# P3: an officer's key is made where the officer is, in a file that standard tools read.
# shellcheck disable=SC2016,SC2154  # the dollars are of the shells inside; lib.sh sets the rest
. "$(dirname "$0")/lib.sh"
story "P3: an officer makes a key of their own"

expect_output "alice.pem.pub is for the office" "a key is made without an office" hallmark principal keygen alice.pem
printed=${output##* }
step "only its owner can read it" test "$(stat -c %a alice.pem)" = 600
step "anybody can read the public key" test "$(stat -c %a alice.pem.pub)" = 644
step "openssl finds nothing wrong with it" openssl pkey -in alice.pem -check -noout
step "openssl finds the same public key in it" sh -c 'openssl pkey -in alice.pem -pubout | cmp - alice.pem.pub'
step "whose SHA-256 was printed" \
    sh -c 'openssl pkey -pubin -in alice.pem.pub -outform DER | sha256sum | grep -q "^$1 "' - "$printed"
step "nothing else was made" test "$(find . -type f | wc -l)" = 2
step "no office either" test ! -e "$HALLMARK_OFFICE"

cp alice.pem before
expect_refused "alice.pem: is there already" "no key is ever replaced" hallmark principal keygen alice.pem
expect_same alice.pem before "it is as it was"
echo mine >bob.pem.pub
expect_refused "bob.pem.pub: is there already" "nor what has the public key's name" hallmark principal keygen bob.pem
step "and then there is no key" test ! -e bob.pem
ln -s nowhere carol.pem
expect_refused "carol.pem: is there already" "a link is in the way, too" hallmark principal keygen carol.pem
step "and is not followed" test ! -e nowhere
expect_status 3 "a folder that is not there: could not" hallmark principal keygen nowhere/dave.pem

expect_output '"algorithm":"ed25519"' "a program is told in JSON" hallmark principal keygen --json --algorithm ed25519 erin.pem
step "it is of that algorithm" sh -c 'openssl pkey -in erin.pem -noout -text | grep -q ED25519'
step "another" hallmark principal keygen --algorithm es384 frank.pem
step "is on that curve" sh -c 'openssl pkey -in frank.pem -noout -text | grep -q P-384'
expect_fault 2 "es256, es384 or ed25519" "RSA keys are not for people" hallmark principal keygen --algorithm rsa3072 grace.pem
expect_fault 2 "one --algorithm" "a key has one algorithm" \
    hallmark principal keygen --algorithm es256 --algorithm es384 grace.pem
expect_status 2 "a key needs a file" hallmark principal keygen
step "nothing was made for those" test ! -e grace.pem
finish
