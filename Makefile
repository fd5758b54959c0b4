# Everything the continuous integration does can be done by hand with these.
GO   ?= go
FUZZ ?= 1m
ROUNDS ?= 1000
DURATION ?= 2h

# A tag such as v1.2.0, else the commit and its time.
VERSION ?= $(shell git describe --tags --exact-match --match 'v*' 2>/dev/null | sed s/^v// | grep . || \
  TZ=UTC git log -1 --date=format-local:%Y%m%d.%H%M%S --format=0~%cd.%h)
ARCH ?= $(shell $(GO) env GOARCH)

# Tools run at fixed versions straight from the module proxy; nothing is installed.
NFPM     = $(GO) run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
GOLANGCI = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: build test race lint fuzz cover bench bench-server soak chaos chaos-keys chaos-commands powercut trace dissector metrics firmware modbus fulldisk faults deb package deb-test unit cross bits32 link ci clean

build: ## the program as bin/trama
	$(GO) build -o bin/trama ./cmd/trama

test: ## the same command as in README.md
	$(GO) test ./...

race: ## all tests with the race detector
	$(GO) test -race ./...

lint: ## gofmt, go vet, golangci-lint, go.mod
	$(GOLANGCI) run ./...
	$(GO) mod tidy -diff

fuzz: ## every fuzz target for FUZZ (1m), one after the other
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) -fuzzminimizetime 10x $$pkg; \
	  done; done

cover: ## coverage of every package by all tests, and where it is missing: coverage.html
	$(GO) test -coverpkg=./... -coverprofile=coverage.out ./...
	$(GO) tool cover -func=coverage.out | tail -1
	$(GO) tool cover -html=coverage.out -o coverage.html

bench: ## benchmarks of the packages
	$(GO) test -run '^$$' -bench . -benchmem ./...

soak: ## 5,000 masters that come and go for DURATION (2h): what stays of them
	$(GO) run ./cmd/bench -soak $(DURATION)

bench-server: ## the gateway against a bare server, by turns and under one load: prints the table
	$(GO) run ./cmd/bench

chaos: ## kill -9 the daemon ROUNDS (1000) times under load, and hold the journal against the acknowledgements
	$(GO) run ./cmd/chaos -rounds $(ROUNDS)
	$(GO) run ./cmd/chaos -rounds 20 -break

chaos-keys: ## the same with device keys: the daemon and a simulated fleet are killed, and no nonce may be used twice
	$(GO) run ./cmd/chaos -suite 20 -rounds $(ROUNDS)
	$(GO) run ./cmd/chaos -suite 20 -rounds 30 -break

chaos-commands: ## COMMANDS (100000) to masters with bad links while the daemon is killed: each has one honest outcome
	$(GO) run ./cmd/chaos -commands $(or $(COMMANDS),100000) -masters 300
	$(GO) run ./cmd/chaos -commands 300 -break

powercut: ## cut the power SEEDS (10000) times in a simulated disk, fail as many calls, flip as many bits
	$(GO) test ./journal/sqlite -count=1 -v -timeout 2h -run 'Power|Flipped|Truncated|LostItsEnd|Fault|Failing' -seeds $(or $(SEEDS),10000)

trace: ## the daemon's system calls under load: each acknowledgement behind the sync that covers it; failing writes and syncs
	command -v strace >/dev/null || { apt-get update -q && apt-get install -qy strace; }
	$(GO) run ./cmd/chaos -trace
	$(GO) run ./cmd/chaos -trace -break
	$(GO) run ./cmd/chaos -inject

# tshark of the distribution; installing it asks for root.
dissector: ## the Wireshark dissectors against tshark, which is installed when it is not there
	@command -v tshark >/dev/null || { sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends tshark; }
	$(GO) vet -tags tshark ./cmd/trama/internal/dissector
	$(GO) test -count=1 -tags tshark ./cmd/trama/internal/dissector

# Prometheus of the distribution; installing it asks for root, and may start it.
metrics: ## /metrics, alerts and dashboards against a Prometheus that scrapes a daemon; installs prometheus when missing
	@command -v prometheus >/dev/null && command -v promtool >/dev/null || { sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends prometheus; }
	$(GO) vet -tags prometheus ./cmd/trama
	$(GO) test -count=1 -tags prometheus -run Prometheus ./cmd/trama

# python3-pymodbus of the distribution, with its python3; installing it asks for root.
POLL_FOR ?= 20s
modbus: ## a Modbus server that is not ours behind a bridge with the manners of a serial line, polled for POLL_FOR (20s); installs python3-pymodbus when missing
	@/usr/bin/python3 -c 'import pymodbus.server' 2>/dev/null || { sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-pymodbus python3-serial python3-serial-asyncio; }
	$(GO) vet -tags modbus ./cmd/trama
	$(GO) test -count=1 -v -timeout 3h -tags modbus -run Modbus ./cmd/trama -args -poll-for $(POLL_FOR)

faults: ## panics where no handler is: in settling, writing, releasing, timers, keepers; kills at each step of a command; in a build of its own
	$(GO) test -tags faults ./cmd/trama -run 'TestAPanic|TestAKill'

# gcc and Python of the distribution.
firmware: ## the C file for masters and its Python sister against the codec and the daemon; installs gcc and python3 when missing
	@command -v gcc >/dev/null && command -v python3 >/dev/null || { sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q gcc libc6-dev python3; }
	$(GO) vet -tags firmware ./codec/protect ./cmd/trama
	$(GO) test -count=1 -tags firmware -run 'Firmware|Three|InPython' ./codec/protect ./cmd/trama

deb: ## the Debian package in bin, for ARCH: amd64, arm64, arm (version 7), 386, riscv64
	rm -rf bin/deb && mkdir -p bin/deb
	CGO_ENABLED=0 GOARCH=$(ARCH) $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/deb/trama ./cmd/trama
	$(GO) run -tags man ./cmd/trama bin/deb/man && gzip -9n bin/deb/man/*
	for shell in bash zsh fish; do $(GO) run ./cmd/trama completion $$shell > bin/deb/trama.$$shell || exit; done
	CGO_ENABLED=0 GOARCH=$(ARCH) deploy/licences.sh > bin/deb/copyright
	$(MAKE) -s package

package: # of what is in bin/deb
	VERSION=$(VERSION) ARCH=$(ARCH:arm=arm7) SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(NFPM) package -p deb -f deploy/nfpm.yaml -t bin/trama_$(ARCH).deb

# debootstrap and systemd of the distribution; they ask for root.
deb-test: ## install, run, upgrade, remove and purge the package in a clean Debian, whose packages are kept in bin
	deploy/debtest.sh

unit: ## systemd's own checks of the unit, which is installed when it is not there
	@command -v systemd-analyze >/dev/null || { sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends systemd; }
	deploy/unit.sh

# Each test mounts a file system of its own, which goes with it; without root in a user namespace, where the system allows one.
fulldisk: ## the daemon on small disks that are full: to the last byte, at a start, by a burst
	$(GO) vet -tags fulldisk ./cmd/trama
	$(GO) test -c -tags fulldisk -o bin/fulldisk.test ./cmd/trama
	cd cmd/trama && unshare $$([ "$$(id -u)" = 0 ] && echo -m || echo -rm) ../../bin/fulldisk.test -test.v -test.run FullDisk

# Systems that the program is built for; on windows its tests are not.
CROSS = linux/amd64 linux/arm64 linux/arm linux/386 linux/riscv64 darwin/arm64 darwin/amd64 windows/amd64 freebsd/amd64

cross: ## the program as bin/trama-OS-ARCH for every system in CROSS, and go vet for each
	@set -e; export CGO_ENABLED=0 GOARM=7; for t in $(CROSS); do \
	  export GOOS=$${t%/*} GOARCH=$${t#*/}; echo "== $$t"; \
	  $(GO) build -o bin/trama-$$GOOS-$$GOARCH ./cmd/trama; \
	  case $$GOOS in \
	  windows) find . -name '*_test.go' -printf '"%p":"",' | sed 's/^/{"Replace":{/; s/,$$/}}/' > bin/no-tests.json; \
	    $(GO) vet -overlay bin/no-tests.json $$($(GO) list -deps ./cmd/trama | grep '^trama/');; \
	  *) $(GO) vet ./...;; \
	  esac; done

# On 386 all but what tries each call to the disk; under an emulated processor only where bytes and integers meet.
P386 = ./codec/... ./journal/... ./keys ./transport ./actors/... \
  ./internal/... ./cmd/trama/internal/config ./cmd/trama/internal/history ./cmd/trama/internal/terminal
SKIP386 = Power|Flipped|Truncated|Fault|Failing
ARM = $(addprefix ./codec/internal/,checksum program scalar schema) ./codec/protect ./journal ./keys ./actors/presence ./actors/trust ./actors/supervise

bits32: ## tests where an int has 32 bits: 386 as it is, armv7 under qemu, which is installed when it is not there
	@command -v qemu-arm-static >/dev/null || { sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  $$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends qemu-user-static; }
	CGO_ENABLED=0 GOARCH=386 $(GO) test -skip '$(SKIP386)' $(P386)
	CGO_ENABLED=0 GOARCH=arm GOARM=7 $(GO) test -exec qemu-arm-static $(ARM)

# iproute2, nftables and Python of the distribution; the network namespaces ask for root.
link: ## 40 masters behind one link of 19.2 kbit/s that loses 8 % of the packets and is cut for 45 s: takes about 4 minutes
	@command -v tc >/dev/null && command -v nft >/dev/null && command -v python3 >/dev/null || \
	  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends iproute2 nftables python3; }
	cmd/chaos/link.sh

ci: ## what the continuous integration runs
	./.ci/run

clean:
	rm -rf bin coverage.out coverage.html
