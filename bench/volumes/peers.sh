#!/usr/bin/env bash
# Installs what the benchmark is compared with, from Debian: once, and only what is missing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=scripts/common.sh
source scripts/common.sh
# shellcheck source=scripts/setup.sh
source scripts/setup.sh

# Their services are not started where packages are installed: each runs only inside the benchmark.
export RUNLEVEL=1
install_packages ceph-common ceph-mds ceph-fuse radosgw s3fs curl openssl glusterfs-server glusterfs-client \
  moosefs-master moosefs-chunkserver moosefs-client iproute2
