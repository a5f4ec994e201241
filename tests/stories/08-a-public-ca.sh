#!/bin/sh
# P10: a certificate request goes out, a public CA's chain comes in, and openssl verifies what is signed against that CA.
. "$(dirname "$0")/lib.sh"
story "P2, P10: a public CA certifies the product's key"

step "an office is made" hallmark init --org "Example Devices" "$HALLMARK_OFFICE"
step "a product is added" hallmark product add pump
echo firmware >firmware.bin
need openssl "a public CA" || finish

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 3650 -subj "/CN=Public Root" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.csr -subj "/CN=Public Code Signing CA" 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n' >ca.ext
openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 1000 -extfile ca.ext -out ca.pem 2>/dev/null
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n' >leaf.ext

step "the request is written" hallmark cert request --product pump -o pump.csr
step "openssl finds its own signature good" openssl req -in pump.csr -verify -noout
step "it asks for the name of the product" sh -c 'openssl req -in pump.csr -noout -subject | grep -q pump'
openssl x509 -req -in pump.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 400 -extfile leaf.ext -out leaf.pem 2>/dev/null
cat leaf.pem ca.pem >chain.pem

# What is not the CA's answer to this request is refused.
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout x.key -out x.csr -subj "/CN=x" 2>/dev/null
openssl x509 -req -in x.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 400 -extfile leaf.ext -out x.pem 2>/dev/null
expect_status 1 "a certificate for another key is refused" hallmark cert import --product pump x.pem
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n' >tls.ext
openssl x509 -req -in pump.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 400 -extfile tls.ext -out tls.pem 2>/dev/null
expect_status 1 "a certificate that is not for code signing is refused" hallmark cert import --product pump tls.pem
: >empty.pem
expect_status 1 "an empty file is refused" hallmark cert import --product pump empty.pem
expect_status 3 "a file that is not there: could not" hallmark cert import --product pump nowhere.pem
expect_status 1 "a product without that key is refused" hallmark cert import --product pump --algorithm rsa3072 chain.pem

step "the chain comes in" hallmark cert import --product pump chain.pem
expect_output "brought in" "the list says so" hallmark cert list --product pump
step "a file is signed" hallmark sign --product pump firmware.bin
step "openssl verifies it against the public root" openssl cms -verify -binary -purpose any -CAfile root.pem \
    -inform DER -in firmware.bin.p7s -content firmware.bin -out /dev/null
step "so does Hallmark" hallmark verify --trust root.pem firmware.bin
expect_status 1 "the office's own root did not certify it" hallmark verify firmware.bin
step "the certificate can be exported with its chain" hallmark cert export --product pump -o exported.pem
expect_output 2 "both are in it" grep -c BEGIN exported.pem
step "the ceremonies are in the log" sh -c 'hallmark log show | grep -q "certificate brought in"'
step "which checks" hallmark log check

# What the office has issued is not made another's, whose revocation would be.
step "the office's own certificate of another key" sh -c 'hallmark key rotate --product pump && hallmark cert export --product pump -o own.pem'
expect_refused "this office has issued it" "is not brought in" hallmark cert import --product pump own.pem

# Only who has issued it can revoke it.
key=$(hallmark key list --product pump --json | sed -n '/"role":"signing"/s/.*"key":"\([0-9a-f]*\)".*/\1/p' | head -n 1)
serial=$(openssl x509 -in leaf.pem -noout -serial | sed 's/.*=//' | tr A-F a-f)
expect_output "Ask CN=Public Code Signing CA to revoke certificate $serial" "a theft: it is told whom to ask" \
    hallmark compromise "$key" --since always --rehearse -o rehearsal
step "the key was stolen" hallmark compromise "$key" --since always -o incident
step "the report says so, too" grep -q "Ask <b>CN=Public Code Signing CA</b> to revoke certificate <code>$serial</code>" incident/report.html
step "and so are programs told" grep -q "\"issuer\":\"CN=Public Code Signing CA\",\"brought_in\":true" incident/report.json
finish
