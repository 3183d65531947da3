#!/usr/bin/env bash
# A wrong fix: a key that is pending deletion cannot be enabled; its deletion has to be cancelled first.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

aws kms enable-key --key-id "${NEW_KMS_KEY_ID:?}"
