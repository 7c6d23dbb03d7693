# Ringspan. `make help` lists what there is.

SHELL := /bin/sh
BIN := $(CURDIR)/bin
VERSION := v0.1.0
LDFLAGS := -s -w -X github.com/ringspan/ringspan/internal/version.Version=$(VERSION)
export CGO_ENABLED := 0

.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 25

build: ## build all programs into bin/
	@mkdir -p $(BIN)
	go build -trimpath -ldflags "$(LDFLAGS)" -o $(BIN)/ ./cmd/ringspan ./cmd/ringspan-agent ./cmd/ringspan-operator
	cd local && go build -trimpath -ldflags "-s -w" -o $(BIN)/ ./cmd/ringspan-local ./cmd/ringspan-init
	local/hack/build-kube.sh $(BIN)

build-arm64: ## build what runs in clusters for arm64 nodes too, into bin/arm64/
	@mkdir -p $(BIN)/arm64
	GOARCH=arm64 go build -trimpath -ldflags "$(LDFLAGS)" -o $(BIN)/arm64/ ./cmd/ringspan-agent ./cmd/ringspan-operator

up: build ## from nothing to the article's two-region ring on this machine
	$(BIN)/ringspan up examples/article.yaml

down: ## and back to nothing
	$(BIN)/ringspan down

test: build ## run all tests
	go run ./hack/testrun

test-unit: ## run the tests that start no API server, cloud or ring
	go run ./hack/testrun -unit

BASE ?= main
test-changed: build ## run the tests of what differs from BASE (main) and of what imports it; no stories
	go run ./hack/testrun -changed $(BASE)

# The ring of a story that is kept has a place of its own; no path is long there.
STORY_HOME = $(or $(TMPDIR),/tmp)/ringspan-story-$(shell id -u)
story: build ## run one story with a ring of its own: make story NAME=TestARegionCutOff; KEEP=1 leaves the ring for the next
	@test -n "$(NAME)" || { echo "NAME is missing; the stories are:"; sed -n 's/^func \(Test[A-Z][A-Za-z]*\)(t .*/  \1/p' test/e2e/*_test.go; exit 2; }
	RINGSPAN_STORY_HOME=$(STORY_HOME) RINGSPAN_STORY_KEEP=$(KEEP) go test -count=1 -v -trimpath -vet=off -timeout 40m -run '^$(NAME)$$' ./test/e2e

# The race detector needs a C compiler. Tests that start API servers run with it too.
test-race: build ## run the tests that start no cloud or ring with the race detector
	CGO_ENABLED=1 go test -race -p 2 -vet=off -timeout 30m ./api/... ./cmd/... ./config/... ./internal/...

test-every-call: ## kill the client of AWS after every single change of up and down, clusters included
	RINGSPAN_EVERY_CALL=1 go test -count=1 -v -timeout 20m -run Killed ./test/aws

test-witness: ## let Terraform use the embedded AWS; it takes minutes, and is skipped without terraform
	go test -count=1 -v -timeout 30m ./test/witness

bench: build ## print the figures of speed and memory
	go run ./test/bench

bench-life: build ## print how long nodes with data take to come, go, be replaced and restarted (half an hour a run)
	go run ./test/bench -only life -runs 1

# Histories that properties try: rapid's own number is 100 a property, and `make test` tries 40 of those of a datacenter and 2000 of
# those of the federation.
test-long: build ## run the stories that take too long for every run, and try many more histories
	go test -count=1 -v -tags long -vet=off -timeout 3h -run '^TestStories' ./test/e2e
	go test -count=1 -vet=off -timeout 3h ./internal/datacenter ./internal/ring ./internal/topology -run . -rapid.checks=1000
	go test -count=1 -vet=off -timeout 1h ./internal/federation -run . -rapid.checks=20000

generate: ## make generated files anew
	hack/generate.sh

lint: $(BIN)/golangci-lint ## vet, format and the linters of .golangci.yml
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt'ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet -trimpath ./...
	cd local && go vet -trimpath ./...
	$(BIN)/golangci-lint run -j 2 --timeout 20m ./...

lint-changed: $(BIN)/golangci-lint ## the linters on what differs from BASE (main), or on all where nothing does
	@base=$$(git merge-base HEAD $(BASE) 2>/dev/null || true); \
	if [ -n "$$base" ] && ! git diff --quiet "$$base"; then \
		$(BIN)/golangci-lint run -j 2 --timeout 20m --new-from-rev "$$base" ./...; \
	else \
		$(BIN)/golangci-lint run -j 2 --timeout 20m ./...; \
	fi

# Its version is pinned in tools/lint/go.mod.
$(BIN)/golangci-lint: tools/lint/go.mod
	go -C tools/lint build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

verify: generate lint ## generated files are fresh, code is formatted, the tree is clean
	@test -z "$$(git status --porcelain)" || { git status --short; echo "the tree is not clean"; exit 1; }

clean: ## remove bin/; the cache outside the tree stays
	rm -rf $(BIN)

.PHONY: help build build-arm64 up down test test-unit test-changed test-race test-long story test-every-call test-witness bench bench-life generate lint lint-changed verify clean
