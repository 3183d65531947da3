#!/usr/bin/env bash
# The repair: grant Auto Scaling's service-linked role the use of the key, then launch again.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

scale_to() {
  aws eks update-nodegroup-config --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1 \
    --scaling-config "desiredSize=$1"
  aws eks wait nodegroup-active --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1
}

aws kms create-grant --key-id "${NEW_KMS_KEY_ID:?}" \
  --grantee-principal "arn:aws:iam::${AWS_ACCOUNT_ID:?}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling" \
  --operations Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant

scale_to 0
scale_to 1
