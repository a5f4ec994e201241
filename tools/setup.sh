#!/bin/sh
# Installs what a part of Hallmark needs from Debian, by package name; silent and quick when all is there.
#
#   tools/setup.sh [build|demo|device|check|fuzz|lint|bench]...      (default: build)
#
# Root is asked for only when something is missing.
# shellcheck disable=SC2086  # the variables hold lists of words
set -eu

build='gcc make meson ninja-build pkg-config libc6-dev libssl-dev libp11-kit-dev libsqlite3-dev zlib1g-dev libcmocka-dev libjansson-dev libcurl4-openssl-dev libevent-dev'
python='python3 python3-cryptography'
token='softhsm2 opensc'
oracles='curl openssl osslsigncode sbsigntool libengine-pkcs11-openssl binutils'
# NSS, which judges revocations by the date; a clock that is put back.
dates='libnss3-tools faketime'
# Programs that others built and signed: what the format modules are tried on.
real_files='systemd-boot-efi shim-unsigned grub-efi-amd64-bin grub-efi-ia32-bin python3-distlib efitools'
sanitizers='clang llvm libclang-rt-dev'
faults='strace'
# Jobs for build services are read as they are pasted.
jobs='python3-yaml shellcheck'
# The device verifier's processor, emulated.
device='gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm'
style='clang-format clang-tidy cppcheck shellcheck'

packages=
for part in "${@:-build}"; do
    case $part in
    build) packages="$packages $build" ;;
    demo) packages="$packages $build $python $token $oracles $real_files $device" ;;
    check) packages="$packages $build $python $token $oracles $real_files $sanitizers $faults $jobs $dates $device libunicorn-dev" ;;
    fuzz) packages="$packages $build $token $python $sanitizers" ;;
    lint) packages="$packages $build $python $sanitizers $style" ;;
    device) packages="$packages $build $python $token $device libunicorn-dev" ;;
    bench) packages="$packages $build $python $token $oracles $real_files $device nginx-light golang-cfssl p11-kit" ;;
    *)
        echo "tools/setup.sh: unknown part '$part' (build, demo, device, check, fuzz, lint, bench)" >&2
        exit 2
        ;;
    esac
done

# One line per package that dpkg does not call installed.
missing_packages() {
    for package in $packages; do echo "$package"; done | sort -u >"$wanted"
    # shellcheck disable=SC2016  # the dollar is dpkg-query's
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null |
        sed -n 's/^installed //p' | sort -u | comm -23 "$wanted" -
}

say_what_is_needed() {
    echo "Hallmark installs what it needs only with apt-get. On this system, please install the counterparts of:" >&2
    printf '  %s\n' $packages | sort -u >&2
}

if ! command -v dpkg-query >/dev/null 2>&1; then
    for program in gcc meson ninja pkg-config; do
        command -v "$program" >/dev/null 2>&1 || { say_what_is_needed; exit 3; }
    done
    exit 0
fi

wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
missing=$(missing_packages)
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "Please install, as root:" >&2
        echo "  apt-get install" $missing >&2
        exit 3
    fi
    as_root=sudo
fi
echo "Installing:" $missing
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq </dev/null || echo "tools/setup.sh: apt-get update failed; going on with the lists at hand" >&2
known=
for package in $missing; do
    if apt-cache show "$package" >/dev/null 2>&1; then
        known="$known $package"
    else
        echo "tools/setup.sh: this release of the distribution has no package '$package'; tests that need it will say so" >&2
    fi
done
[ -n "$known" ] || exit 0
log=$(mktemp)
if ! $as_root apt-get install -y -qq --no-install-recommends $known </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 3
fi
rm -f "$log"
