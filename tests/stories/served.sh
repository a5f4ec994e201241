# What stories of a served office share. Sourced behind `story`.
#
#   make_tls_certificate                        for localhost: tls.key, tls.pem
#   serve_office FOLDER [OPTION...]             starts a server; the port of its HTTPS is in $port
#   until_port TEXT                             waits for TEXT and a port behind it in server.log: $port
#   end_server
#   as NAME COMMAND...                          hallmark COMMAND with NAME.key
#   serve_founders                              an office of alice and bob, served, and asked from here on; carol is
#                                               requester and key officer of its product pump; $two: both founders' keys
#
# shellcheck shell=sh disable=SC2034,SC2086,SC2154  # port is for the stories; $two is two options; HALLMARK_BUILD comes from lib.sh

server=
end_server() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; }
    server=
}
trap 'end_server; end_story' EXIT

make_tls_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.pem -days 30 \
        -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
}

until_port() {
    for _ in $(seq 200); do
        port=$(sed -n "s,^$1\([0-9][0-9]*\).*,\1,p" server.log | head -n 1)
        [ -n "$port" ] && return 0
        sleep 0.1
    done
    return 1
}

serve_office() {
    folder_served=$1
    shift
    : >server.log
    "$HALLMARK_BUILD/app/hallmarkd/hallmarkd" --office "$folder_served" --listen 127.0.0.1:0 --certificate tls.pem \
        --key tls.key "$@" 2>server.log &
    server=$!
    until_port "hallmarkd: https://127.0.0.1:"
}

as() {
    who=$1
    shift
    hallmark "$@" --as "$who.key"
}

serve_founders() {
    for who in alice bob carol; do
        step "$who makes a key" hallmark principal keygen $who.key
    done
    two="--key alice.key --key bob.key"
    HALLMARK_OFFICE=governed
    step "an office with founders" hallmark init --org "Example Devices" --founder alice=alice.key.pub --founder bob=bob.key.pub governed
    step "a certificate for its server" make_tls_certificate
    step "which is served" serve_office governed --drain 1
    HALLMARK_OFFICE=https://localhost:$port
    HALLMARK_CA=tls.pem
    export HALLMARK_OFFICE HALLMARK_CA
    step "carol makes the product" sh -c "hallmark principal add carol --public-key carol.key.pub $two --as alice.key &&
        hallmark grant add carol administrator $two --as alice.key && hallmark product add pump --as carol.key &&
        hallmark grant withdraw carol administrator --key alice.key --as alice.key"
    for role in requester key-officer; do
        step "she is $role" as alice grant add carol $role --product pump $two
    done
}
