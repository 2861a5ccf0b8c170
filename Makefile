# Certwright's few doors; CI runs the same ones.
SHELL := bash
.DEFAULT_GOAL := build
.PHONY: build release test check ci bench bench-long long help

build: ## build ./certwright for this machine, from what go run and the tests have built already
	go build -o certwright ./cmd/certwright

release: ## build ./certwright as it is given out: one static file, small, without paths of this machine
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o certwright ./cmd/certwright

test: ## what README runs: every test of the house
	go test ./...

check: ## formatting, vet and the floors
	@test -z "$$(gofmt -l .)" || { echo "these files need gofmt:"; gofmt -l .; exit 1; }
	go vet ./... ./conformance/sdk/go/... ./examples/go
	go test ./internal/floors

ci: ## everything CI runs, installing what it needs (Debian, as root)
	bash .ci/run

bench: ## the bars of speed as ratios in one run, beside bare net/http and OpenBao ($CERTWRIGHT_BAO); some minutes
	go run ./conformance/bench

bench-long: ## the same over 60,000 certificates and 1,000,000 objects; half an hour
	go run ./conformance/bench -long

long: ## the long forms: fuzzing, every client, 100 kill rounds, 200 of a cluster, a kill at every call to an issuer, big benchmarks
	FUZZ_TIME=5m bash .ci/fuzz
	conformance/clients/run --all
	SIGNIN=all go test -count=3 -timeout 1h -v ./conformance/signin
	KILL_ROUNDS=100 go test -count=1 -timeout 3h -v ./conformance/kill
	CLUSTER_ROUNDS=200 go test -count=1 -timeout 3h -v ./conformance/cluster
	YEAR_CERTIFICATES=400 YEAR_KILLS=10 go test -count=1 -timeout 3h -v -run 'TestYear$$' ./conformance/year
	YEAR_CERTIFICATES=200 YEAR_DAYS=900 YEAR_KILLS=20 go test -count=1 -timeout 3h -v -run 'TestYear$$' ./conformance/year
	YEAR_CERTIFICATES=400 YEAR_DAYS=365 YEAR_KILLS=10 go test -count=1 -timeout 3h -v -run TestYearOfThree ./conformance/year
	QUARTER_CERTIFICATES=100000 go test -count=1 -timeout 3h -v ./conformance/quarter
	QUARTER_CERTIFICATES=1000000 go test -count=1 -timeout 12h -v ./conformance/quarter
	KILL_EVERY=1 go test -count=1 -timeout 1h -v ./conformance/issuers
	go run ./conformance/bench -long
	CERTWRIGHT_BENCH_ROWS=1000000 go test -run '^$$' -bench . -benchtime 1x -timeout 3h ./internal/store/... ./internal/certs ./internal/metrics ./conformance/bench

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10
