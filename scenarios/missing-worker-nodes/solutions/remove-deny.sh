#!/usr/bin/env bash
# The repair: take the Deny out of the key policy, then launch again.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

scale_to() {
  aws eks update-nodegroup-config --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1 \
    --scaling-config "desiredSize=$1"
  aws eks wait nodegroup-active --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1
}

policy=$(aws kms get-key-policy --key-id "${NEW_KMS_KEY_ID:?}" --policy-name default --query Policy --output text |
  jq '.Statement |= map(select(.Effect != "Deny"))')
aws kms put-key-policy --key-id "$NEW_KMS_KEY_ID" --policy-name default --policy "$policy"

scale_to 0
scale_to 1
