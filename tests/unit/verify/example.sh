#!/bin/sh
# verify/example/install.c as a user runs it: EXAMPLE VECTORS
set -eu
example=$1
vectors=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect STATUS SENTENCE LIST ROOTS PACK
expect() {
    status=0
    said=$("$example" "$3" "$4" "$5") || status=$?
    [ "$status" = "$1" ] && case $said in *"$2"*) true ;; *) false ;; esac && return
    echo "expected $1 and '$2', got $status and '$said'" >&2
    exit 1
}

expect 0 'accepted' "$vectors/device.list" "$vectors/device.roots" "$vectors/device.pack"
expect 1 'other roots' "$vectors/device.list" "$vectors/usual.roots" "$vectors/device.pack"
# The last byte is the payload's.
size=$(wc -c <"$vectors/device.pack")
head -c $((size - 1)) "$vectors/device.pack" >"$folder/changed"
expect 1 'not complete' "$vectors/device.list" "$vectors/device.roots" "$folder/changed"
printf '\377' >>"$folder/changed"
expect 1 'not the one that was signed' "$vectors/device.list" "$vectors/device.roots" "$folder/changed"
printf '\0' >>"$folder/changed"
expect 1 'not the one that was signed' "$vectors/device.list" "$vectors/device.roots" "$folder/changed"
# Without the root set's hash there is nothing to trust.
status=0
said=$("$example" "$vectors/device.list" "$folder/changed" 2>&1) || status=$?
[ "$status" = 2 ] && case $said in usage:*) true ;; *) false ;; esac
