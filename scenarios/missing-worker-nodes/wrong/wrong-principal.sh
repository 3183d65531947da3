#!/usr/bin/env bash
# A wrong fix: the key policy names the Auto Scaling service and the node's role. Neither of them calls KMS:
# the calls carry the service-linked role.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

node_role=$(aws eks describe-nodegroup --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1 \
  --query nodegroup.nodeRole --output text)
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
      "Sid": "AllowServiceAndNode",
      "Effect": "Allow",
      "Principal": { "Service": "autoscaling.amazonaws.com", "AWS": "${node_role}" },
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
  aws eks update-nodegroup-config --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1 \
    --scaling-config "desiredSize=$1"
}

aws kms put-key-policy --key-id "${NEW_KMS_KEY_ID:?}" --policy-name default --policy "$policy"
scale_to 0
aws eks wait nodegroup-active --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1
# No wait after this one: the launch fails again, and the waiter goes on for 40 minutes when a group is DEGRADED.
scale_to 1
