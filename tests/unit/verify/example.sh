#!/bin/sh
# verify/example/install.c as a user runs it: EXAMPLE VECTORS
set -eu
example=$1
vectors=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
count=0

# expect NAME STATUS SENTENCE [LIST ROOTS PACK]
expect() {
    name=$1 wanted=$2 sentence=$3
    shift 3
    count=$((count + 1))
    status=0
    said=$("$example" "$@" 2>&1) || status=$?
    if [ "$status" = "$wanted" ] && case $said in *"$sentence"*) true ;; *) false ;; esac then
        echo "ok $count - $name"
    else
        echo "not ok $count - $name"
        echo "# expected $wanted and '$sentence', got $status and '$said'"
    fi
}

expect 'accepts a good pack' 0 'accepted' "$vectors/device.list" "$vectors/device.roots" "$vectors/device.pack"
expect 'refuses a list by other roots' 1 'other roots' "$vectors/device.list" "$vectors/usual.roots" "$vectors/device.pack"
# The last byte is the payload's.
size=$(wc -c <"$vectors/device.pack")
head -c $((size - 1)) "$vectors/device.pack" >"$folder/changed"
expect 'refuses a pack that ends early' 1 'not complete' "$vectors/device.list" "$vectors/device.roots" "$folder/changed"
printf '\377' >>"$folder/changed"
expect 'refuses a changed payload' 1 'not the one that was signed' "$vectors/device.list" "$vectors/device.roots" "$folder/changed"
printf '\0' >>"$folder/changed"
expect 'stays with its refusal' 1 'not the one that was signed' "$vectors/device.list" "$vectors/device.roots" "$folder/changed"
expect 'says how it is used' 2 'usage:' "$vectors/device.list" "$folder/changed"
echo "1..$count"
