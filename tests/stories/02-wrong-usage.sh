#!/bin/sh
# What the command line says no to, and with which status: 1 refused, 2 wrong usage, 3 could not.
. "$(dirname "$0")/lib.sh"
story "Somebody types the wrong thing"

expect_output "sign FILE" "no command shows what there is" hallmark
expect_status 2 "an unknown command is wrong usage" hallmark sing
expect_status 2 "an unknown option is wrong usage" hallmark verify --trustt roots.pem file
expect_status 2 "verify without a file is wrong usage" hallmark verify
echo data >file
expect_status 2 "verify without roots and without an office is wrong usage, never a guess" hallmark verify file
expect_status 3 "roots that are not there: could not" hallmark verify --trust nowhere.pem file
: >empty.pem
expect_status 1 "no roots at all are refused" hallmark verify --trust empty.pem file

step "an office is made" hallmark init "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
expect_status 3 "a file that is not there: could not" hallmark sign --product pump nowhere.bin
expect_status 1 "a product that is not there is refused" hallmark sign --product pomp file
expect_status 2 "sign without a product is wrong usage" hallmark sign file
expect_refused "" "a PE file by name only is refused as PE" hallmark sign --product pump --format pe file
step "the input is untouched after all that" test "$(cat file)" = data
step "and nothing else lies beside it" test "$(find . -type f | sort | tr '\n' ' ')" = "./empty.pem ./file "

# What was probably meant.
expect_fault 2 "there is no command sgn (did you mean sign?)" "a slip in a command" hallmark sgn file
expect_fault 2 "does not take --relase (did you mean --release?)" "in an option" hallmark sign --product pump --relase 1 file
expect_fault 2 "(did you mean es384?)" "in an algorithm" hallmark product add gauge --algorithm es348
expect_fault 2 "(did you mean native?)" "in a format" hallmark sign --product pump --format natve file
native() { hallmark sign --format native --product pump --release 1 "$@"; }
expect_fault 2 "(did you mean firmware?)" "in a kind" native --kind firmwear file
expect_fault 2 "(did you mean sha256?)" "in a digest" native --digest sha265 file
expect_fault 2 "no knd (did you mean kind?)" "behind a component" native --component main=file,knd=firmware
step "what is not near anything is not guessed at" sh -c '! hallmark product add gauge --algorithm dilithium 2>&1 | grep "did you mean"'
expect_refused "--algorithm es384: pump signs with es256, rsa3072" "an algorithm that the product has not" native --algorithm es384 file
echo data >'a,b.bin'
expect_fault 2 "a file whose name has a comma is described with --manifest" "a comma in a component's file" native --component 'main=a,b.bin'
echo '{"components": [{"id": "main", "file": "a,b.bin"}]}' >comma.json
step "with --manifest it may have one" native --manifest comma.json -o comma.cose
step "and the envelope knows it" hallmark verify comma.cose 'a,b.bin'

expect_refused pin-value "a PIN in a PKCS#11 URI is refused" \
    hallmark init --org Example --token 'pkcs11:token=x?pin-value=1234' "$scratch/other-office"
expect_fault 2 "org NAME is missing" "an office in an HSM says whose it is" hallmark init --token pkcs11:token=x "$scratch/other-office"
step "and no office is left behind" test ! -e "$scratch/other-office"
finish
