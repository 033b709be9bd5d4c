# What there is to do. `make test` is the one that must pass.

# A folder of real manifests and reviews to test against, where there is one beside the checkout.
CORPUS ?= $(abspath $(wildcard ../shared/corpus))
export CORPUS

.PHONY: test control-plane helm prometheus node node-binaries playground workloads image planted generated files fuzz pods scale audit-scale switches hostile docs fmt lint actionlint availability doctor renewals bench bench-quick bench-scale bench-count bench-records bench-files bench-cluster

## Run every test; the last line counts them.
test:
	@tests/run

## Build what is missing of a real control plane; the last line on stdout is the folder of its binaries.
control-plane:
	@tests/control-plane/build

## Build what is missing of the two Helms that the chart is tested with; the last two lines on stdout are their binaries, 4 and 3.
helm:
	@tests/helm/build

## Fetch Prometheus where it is missing; the last line on stdout is its folder.
prometheus:
	@tests/prometheus/build

## Build what is missing of a real node; the last line on stdout is the folder of its binaries. Needs Debian, Go and a C compiler.
node-binaries:
	@tests/node/build

## A real node, with pod-hardener in front of it, until Ctrl-C. Needs root. NODE_RUNTIME=debian takes Debian's older containerd.
node:
	@tests/node/run up

## The chart in a real cluster, with what it does to a pod on screen, until Ctrl-C: on a real node where there can be one (root, the
## node's binaries, buildah), on a control plane alone otherwise.
playground:
	@tests/node/playground

## Every workload of tests/node/workloads on a real node, as written and under every way of hardening; docs/workloads.json is
## what was found. Needs root, buildah and debootstrap. WORKLOADS="nginx redis" COLUMNS="compatible" try some.
workloads:
	@tests/node/run workloads

## The image as it is released, and the test of what is in it; the last line on stdout is its OCI archive. ARCH=arm64 is the other
## one. Needs root, buildah and debootstrap, and several minutes where the code has changed.
image:
	@image=$$(tests/image/build $(ARCH)) && IMAGE=$$image cargo test --quiet --test image >&2 && echo "$$image"

## Plant each bug of tests/planted and expect the test that it names to turn red.
planted:
	@tests/planted/run

## Write the generated pages anew.
docs:
	@UPDATE=1 cargo test --quiet --test repository

fmt:
	@cargo fmt

lint:
	@cargo fmt --check
	@cargo clippy --all-targets -- -D warnings

## Check the workflows. Needs Go the first time.
actionlint:
	@.github/actionlint

## Try 20,000 generated pods on the real API server, each as written and under every profile: about ten minutes.
generated:
	@KUBEBUILDER_ASSETS=$$(tests/control-plane/build | tail -n 1) GENERATED=20000 \
	  cargo test --test apiserver -- --nocapture generated

## Forty times as many generated and torn manifests through the editor as in every run: ten minutes.
fuzz:
	@FUZZ=40 cargo test --test files -- --nocapture rightly

## `check` and `harden` on 10,000 files and on one of 500 documents, beside parsing alone and beside kubeconform: docs/performance.md.
bench-files:
	@bench/files

## Every real manifest by every profile, as text, and by the webhook on the real API server: three minutes.
files:
	@FILES=full cargo test --test files -- --nocapture manifest
	@KUBEBUILDER_ASSETS=$$(tests/control-plane/build | tail -n 1) FILES=full \
	  cargo test --test apiserver -- --nocapture files

## Every pod of the corpus where a run of all tests takes some, on the real API server: about eight minutes.
pods:
	@PODS=full tests/run --test apiserver --test audit -- --nocapture

## A cluster of 10,000 bindings and 5,000 namespaces, and a minute of changes: about five minutes, with the release build.
scale:
	@KUBEBUILDER_ASSETS=$$(tests/control-plane/build | tail -n 1) SCALE=full \
	  cargo test --release --test scale -- --nocapture

## `audit` of 1,000 namespaces and 10,000 pods beside `kubectl get pods -A -o json`: with the release build.
audit-scale:
	@KUBEBUILDER_ASSETS=$$(tests/control-plane/build | tail -n 1) SCALE=full \
	  cargo test --release --test audit_scale -- --nocapture

## More than a minute with a new configuration every second and a new certificate every five, under requests on ten connections.
switches:
	@SWITCHES=full cargo test --release --test serve -- --nocapture swapped

## Every attack for half a minute, and clients that come and go for two: about ten minutes, with the release build.
hostile:
	@HOSTILE=full cargo test --release --test hostile -- --nocapture --test-threads 1

## What pods feel while servers and certificates come and go, on a real node with the chart: about twenty minutes. Needs root and
## buildah.
availability:
	@AVAILABLE=full tests/run --test node -- --nocapture "what happens to servers"

## Every fault that doctor must find, planted on a real node with the chart: three minutes. Needs root and buildah.
doctor:
	@DOCTOR=full tests/run --test node -- --nocapture "doctor is silent"

## The program beside the limit and beside what people write: half an hour of building, then ten minutes on a machine that does nothing
## else. Needs h2load, and an llvm-profdata as bench/release says.
bench:
	@bench/run

## Whether that and bench-scale work: one short round, with the program that the tests run.
bench-quick:
	@bench/run --quick
	@bench/scale --quick

## Cost against size, as curves: connections, handshakes, overrides, bindings, containers, bytes. About nine minutes on a machine that
## does nothing else; fails where something grows faster than a straight line. Needs h2load and valgrind.
bench-scale:
	@bench/scale

## What each record costs; UPDATE=1 writes the table of docs/record.md. Needs valgrind and h2load, and about five minutes.
bench-records:
	@bench/records

## What a pod's creation costs on a real kube-apiserver: without a webhook, with ours, with a policy that sets the same, and with what
## people write. About eight minutes on a machine that does nothing else; QUICK=1 is one short round, whether it works. Needs h2load.
bench-cluster:
	@bench/cluster $(if $(QUICK),--quick)

## Instructions of the decision, against bench/instructions, and whether they grow with size as a straight line does. Needs valgrind.
## UPDATE=1 keeps the new number.
bench-count:
	@bench/run --count

## Three minutes of certificates and CAs that live for seconds, under a stream of pods on a real API server.
renewals:
	@RENEWALS=full tests/run --test controller -- --nocapture renewed
