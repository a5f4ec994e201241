# What stories of a served office share. Sourced behind `story`.
#
#   make_tls_certificate                        for localhost: tls.key, tls.pem
#   serve_office FOLDER [OPTION...]             starts a server; the port of its HTTPS is in $port
#   until_port TEXT                             waits for TEXT and a port behind it in server.log: $port
#   end_server
#   as NAME COMMAND...                          hallmark COMMAND with NAME.key
#
# shellcheck shell=sh disable=SC2034,SC2154  # port is for the stories; HALLMARK_BUILD comes from lib.sh

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
