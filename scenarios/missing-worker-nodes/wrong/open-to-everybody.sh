#!/usr/bin/env bash
# A wrong fix that works: nodes come up, but the key is open to every AWS account.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

policy=$(cat <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": { "AWS": "arn:aws:iam::${AWS_ACCOUNT_ID:?}:root" },
      "Action": "kms:*",
      "Resource": "*"
    },
    {
      "Sid": "AllowEverybody",
      "Effect": "Allow",
      "Principal": "*",
      "Action": [
        "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:CreateGrant"
      ],
      "Resource": "*"
    }
  ]
}
JSON
)

scale_to() {
  aws eks update-nodegroup-config --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1 \
    --scaling-config "desiredSize=$1"
  aws eks wait nodegroup-active --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1
}

aws kms put-key-policy --key-id "${NEW_KMS_KEY_ID:?}" --policy-name default --policy "$policy"
scale_to 0
scale_to 1
