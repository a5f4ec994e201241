# A thin front for Meson: what people and CI type. `make` builds; the programs are then build/hallmark and build/hallmarkd.
#
#   make demo              sign, verify and tamper with something, to see what Hallmark does
#   make device            the device side's stories in an emulator: secure boot, updates, power failures, a stolen key
#   make check             every test, the long sweeps sampled      make check-full   the long sweeps whole
#   make asan              unit tests and stories under AddressSanitizer and UndefinedBehaviorSanitizer
#   make fuzz [T=60] [F=name]   each fuzz target T seconds; finds land in build-fuzz/
#   make bench lint install clean

PYTHON = /usr/bin/python3
MESON = meson
T = 60
F =
DESTDIR =

all: build/build.ninja
	@ninja -C build
	@ln -sfn app/hallmark/hallmark build/hallmark
	@ln -sfn app/hallmarkd/hallmarkd build/hallmarkd

build/build.ninja:
	@tools/setup.sh build
	@$(MESON) setup build

demo:
	@tools/setup.sh demo
	@echo "Building Hallmark (half a minute the first time) ..."
	@log=$$(mktemp) && if $(MAKE) --no-print-directory --silent all >"$$log" 2>&1; then rm -f "$$log"; \
	else cat "$$log"; rm -f "$$log"; exit 1; fi
	@tools/demo.sh build/hallmark
	@if command -v arm-none-eabi-gcc >/dev/null 2>&1 && command -v qemu-system-arm >/dev/null 2>&1; then \
	$(PYTHON) device/run.py --brief --cuts 2 mps2-an386; else echo "  make device              the same on a device, in an emulator"; fi

device:
	@tools/setup.sh device
	@$(MAKE) --no-print-directory --silent all
	@$(PYTHON) device/run.py
	@tests/device/stolen-key.sh
	@tests/device/stolen-login.sh

check:
	@tools/setup.sh check
	@$(PYTHON) tools/check.py

check-full:
	@tools/setup.sh check
	@HALLMARK_FULL=1 $(PYTHON) tools/check.py

asan:
	@tools/setup.sh check
	@$(PYTHON) tools/check.py --build build-asan build unit stories

fuzz:
	@tools/setup.sh fuzz
	@$(PYTHON) tools/fuzz.py --seconds $(T) $(F)

lint: build/build.ninja
	@tools/setup.sh lint
	@tools/lint.sh

bench:
	@tools/setup.sh bench
	@$(MAKE) --no-print-directory --silent all
	@$(PYTHON) bench/run.py

install: all
	@DESTDIR=$(DESTDIR) $(MESON) install -C build --no-rebuild

clean:
	rm -rf build build-clang build-asan build-fuzz

.PHONY: all demo device check check-full asan fuzz lint bench install clean
