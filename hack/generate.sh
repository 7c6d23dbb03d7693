#!/bin/sh
# Generates the deepcopy code of api/ and the CustomResourceDefinitions of config/crd.
# The same input gives the same bytes; the results are committed.
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The generator's version is pinned in tools/go.mod.
go -C tools build -o "$work/controller-gen" sigs.k8s.io/controller-tools/cmd/controller-gen

"$work/controller-gen" object paths=./api/...
"$work/controller-gen" crd:maxDescLen=400 paths=./api/... output:crd:dir="$work/crd"
go run ./hack/crdtrim -in "$work/crd" -out config/crd
