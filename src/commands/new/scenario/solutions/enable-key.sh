#!/usr/bin/env bash
# The repair: enable the key.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

aws kms enable-key --key-id "${KEY_ID:?}"
